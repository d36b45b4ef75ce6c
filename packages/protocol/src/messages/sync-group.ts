/**
 * SyncGroup: the leader of a classic group hands in the assignment, every member gets its own.
 * v3 static members (KIP-345). v5 protocol type and name (KIP-559).
 */

import { api, array, bytes, int16, int32, nullable, string } from '../schema/index.ts'

export const syncGroup = api(
  14,
  'SyncGroup',
  { versions: '0-5', flexible: '4+' },
  {
    request: {
      groupId: string(),
      generationId: int32(),
      memberId: string(),
      groupInstanceId: nullable(string(), { since: 3, default: null }),
      protocolType: nullable(string(), { since: 5, default: null }),
      protocolName: nullable(string(), { since: 5, default: null }),
      assignments: array({
        memberId: string(),
        assignment: bytes(),
      }),
    },
    response: {
      throttleTimeMs: int32({ since: 1 }),
      errorCode: int16(),
      protocolType: nullable(string(), { since: 5, default: null }),
      protocolName: nullable(string(), { since: 5, default: null }),
      assignment: bytes(),
    },
  },
)
