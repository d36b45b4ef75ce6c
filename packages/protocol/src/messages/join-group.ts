/**
 * JoinGroup: a member enters a rebalance of a classic group.
 * v1 rebalance timeout of its own (KIP-62). v4 a first join is answered MEMBER_ID_REQUIRED (KIP-394). v5 static
 * members (KIP-345). v7 protocol type and name in the answer (KIP-559). v8 reason (KIP-800). v9 the leader may be told
 * to skip the assignment (KIP-814).
 */

import { api, array, boolean, bytes, int16, int32, nullable, string } from '../schema/index.ts'

export const joinGroup = api(
  11,
  'JoinGroup',
  { versions: '0-9', flexible: '6+' },
  {
    request: {
      groupId: string(),
      sessionTimeoutMs: int32(),
      rebalanceTimeoutMs: int32({ since: 1, default: -1 }),
      memberId: string(),
      groupInstanceId: nullable(string(), { since: 5, default: null }),
      protocolType: string(),
      protocols: array({
        name: string(),
        metadata: bytes(),
      }),
      reason: nullable(string(), { since: 8, default: null }),
    },
    response: {
      throttleTimeMs: int32({ since: 2 }),
      errorCode: int16(),
      generationId: int32({ default: -1 }),
      protocolType: nullable(string(), { since: 7, default: null }),
      protocolName: nullable(string(), { nullableSince: 7 }),
      leader: string(),
      skipAssignment: boolean({ since: 9 }),
      memberId: string(),
      members: array({
        memberId: string(),
        groupInstanceId: nullable(string(), { since: 5, default: null }),
        metadata: bytes(),
      }),
    },
  },
)
