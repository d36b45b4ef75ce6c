/**
 * BrokerRegistration: a broker makes itself known to the controller (KIP-631).
 * v2 log directories (KIP-858).
 */

import { api, array, boolean, int16, int32, int64, nullable, string, uint16, uuid } from '../schema/index.ts'

export const brokerRegistration = api(
  62,
  'BrokerRegistration',
  { versions: '0-4', flexible: '0+' },
  {
    request: {
      brokerId: int32(),
      clusterId: string(),
      incarnationId: uuid(),
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
      rack: nullable(string()),
      isMigratingZkBroker: boolean({ since: 1 }),
      logDirs: array(uuid(), { since: 2 }),
      previousBrokerEpoch: int64({ since: 3, default: -1n }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      brokerEpoch: int64({ default: -1n }),
    },
  },
)
