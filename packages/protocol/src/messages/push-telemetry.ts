/** PushTelemetry: a client's metrics, in OpenTelemetry's format (KIP-714). */

import { api, boolean, bytes, int8, int16, int32, uuid } from '../schema/index.ts'

export const pushTelemetry = api(
  72,
  'PushTelemetry',
  { versions: '0', flexible: '0+' },
  {
    request: {
      clientInstanceId: uuid(),
      subscriptionId: int32(),
      terminating: boolean(),
      compressionType: int8(),
      metrics: bytes(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
    },
  },
)
