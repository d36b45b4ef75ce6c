/**
 * OffsetFetch: how far groups have read.
 * v2 null asks for all topics. v5 leader epoch (KIP-320). v7 only stable offsets, none of open transactions (KIP-447).
 * v8 several groups at once (KIP-709). v9 members of consumer groups (KIP-848). v10 topic ids for names (KIP-848).
 */

import { api, array, boolean, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const offsetFetch = api(
  9,
  'OffsetFetch',
  { versions: '1-10', flexible: '6+' },
  {
    request: {
      groups: array(
        {
          groupId: string(),
          memberId: nullable(string(), { since: 9, default: null }),
          memberEpoch: int32({ since: 9, default: -1 }),
          topics: nullable(
            array({
              topicId: uuid({ since: 10 }),
              name: string({ until: 9 }),
              partitionIndexes: array(int32()),
            }),
          ),
        },
        { since: 8 },
      ),
      groupId: string({ until: 7 }),
      topics: nullable(
        array({
          name: string(),
          partitionIndexes: array(int32()),
        }),
        { until: 7, nullableSince: 2 },
      ),
      requireStable: boolean({ since: 7 }),
    },
    response: {
      throttleTimeMs: int32({ since: 3 }),
      groups: array(
        {
          groupId: string(),
          topics: array({
            topicId: uuid({ since: 10 }),
            name: string({ until: 9 }),
            partitions: array({
              partitionIndex: int32(),
              committedOffset: int64(),
              committedLeaderEpoch: int32({ default: -1 }),
              metadata: nullable(string()),
              errorCode: int16(),
            }),
          }),
          errorCode: int16(),
        },
        { since: 8 },
      ),
      topics: array(
        {
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 5, default: -1 }),
            metadata: nullable(string()),
            errorCode: int16(),
          }),
        },
        { until: 7 },
      ),
      errorCode: int16({ since: 2, until: 7 }),
    },
  },
)
