/**
 * OffsetCommit: a group remembers how far it has read.
 * v5 without retention time (KIP-211). v6 leader epoch (KIP-320). v7 static members (KIP-345). v9 members of consumer
 * groups, the generation is the member epoch (KIP-848). v10 topic ids for names (KIP-848).
 */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const offsetCommit = api(
  8,
  'OffsetCommit',
  { versions: '2-10', flexible: '8+' },
  {
    request: {
      groupId: string(),
      generationIdOrMemberEpoch: int32({ default: -1 }),
      memberId: string(),
      groupInstanceId: nullable(string(), { since: 7, default: null }),
      retentionTimeMs: int64({ until: 4, default: -1n }),
      topics: array({
        topicId: uuid({ since: 10 }),
        name: string({ until: 9 }),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 6, default: -1 }),
          committedMetadata: nullable(string()),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ since: 3 }),
      topics: array({
        topicId: uuid({ since: 10 }),
        name: string({ until: 9 }),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    },
  },
)
