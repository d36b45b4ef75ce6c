/**
 * TxnOffsetCommit: offsets that count once their transaction is committed (KIP-98).
 * v3 the member and generation of the group (KIP-447).
 */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const txnOffsetCommit = api(
  28,
  'TxnOffsetCommit',
  { versions: '0-6', flexible: '3+' },
  {
    request: {
      transactionalId: string(),
      groupId: string(),
      producerId: int64(),
      producerEpoch: int16(),
      generationIdOrMemberEpoch: int32({ since: 3, default: -1 }),
      memberId: string({ since: 3 }),
      groupInstanceId: nullable(string(), { since: 3, default: null }),
      topics: array({
        topicId: uuid({ since: 6 }),
        name: string({ until: 5 }),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 2, default: -1 }),
          committedMetadata: nullable(string()),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        topicId: uuid({ since: 6 }),
        name: string({ until: 5 }),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    },
  },
)
