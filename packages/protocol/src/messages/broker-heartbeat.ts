/**
 * BrokerHeartbeat: a broker is alive, and asks to be unfenced or to shut down (KIP-631).
 * v1 directories that went offline (KIP-858). v2 cordoned ones (KIP-1066).
 */

import { api, array, boolean, int16, int32, int64, nullable, uuid } from '../schema/index.ts'

export const brokerHeartbeat = api(
  63,
  'BrokerHeartbeat',
  { versions: '0-2', flexible: '0+' },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: int64({ default: -1n }),
      currentMetadataOffset: int64(),
      wantFence: boolean(),
      wantShutDown: boolean(),
      offlineLogDirs: array(uuid(), { since: 1, tag: 0 }),
      cordonedLogDirs: nullable(array(uuid()), { since: 2, tag: 1, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      isCaughtUp: boolean(),
      isFenced: boolean({ default: true }),
      shouldShutDown: boolean(),
    },
  },
)
