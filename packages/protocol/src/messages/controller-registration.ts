/** ControllerRegistration: a controller makes itself known to the active one (KIP-919). */

import { api, array, boolean, int16, int32, nullable, string, uint16, uuid } from '../schema/index.ts'

export const controllerRegistration = api(
  70,
  'ControllerRegistration',
  { versions: '0', flexible: '0+' },
  {
    request: {
      controllerId: int32(),
      incarnationId: uuid(),
      zkMigrationReady: boolean(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
      features: array({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
    },
  },
)
