/** GetTelemetrySubscriptions: which of its metrics a client shall push (KIP-714). */

import { api, array, boolean, int8, int16, int32, string, uuid } from '../schema/index.ts'

export const getTelemetrySubscriptions = api(
  71,
  'GetTelemetrySubscriptions',
  { versions: '0', flexible: '0+' },
  {
    request: {
      clientInstanceId: uuid(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      clientInstanceId: uuid(),
      subscriptionId: int32(),
      acceptedCompressionTypes: array(int8()),
      pushIntervalMs: int32(),
      telemetryMaxBytes: int32(),
      deltaTemporality: boolean(),
      requestedMetrics: array(string()),
    },
  },
)
