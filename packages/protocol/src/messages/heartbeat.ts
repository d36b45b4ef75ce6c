/**
 * Heartbeat: a member of a classic group is alive, and learns of a rebalance.
 * v3 static members (KIP-345).
 */

import { api, int16, int32, nullable, string } from '../schema/index.ts'

export const heartbeat = api(
  12,
  'Heartbeat',
  { versions: '0-4', flexible: '4+' },
  {
    request: {
      groupId: string(),
      generationId: int32(),
      memberId: string(),
      groupInstanceId: nullable(string(), { since: 3, default: null }),
    },
    response: {
      throttleTimeMs: int32({ since: 1 }),
      errorCode: int16(),
    },
  },
)
