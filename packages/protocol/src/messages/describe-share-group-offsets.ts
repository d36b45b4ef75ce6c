/** DescribeShareGroupOffsets: the start offsets of share groups (KIP-932). */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const describeShareGroupOffsets = api(
  90,
  'DescribeShareGroupOffsets',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groups: array({
        groupId: string(),
        topics: nullable(
          array({
            topicName: string(),
            partitions: array(int32()),
          }),
        ),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      groups: array({
        groupId: string(),
        topics: array({
          topicName: string(),
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
            startOffset: int64(),
            leaderEpoch: int32(),
            lag: int64({ since: 1, default: -1n }),
            errorCode: int16(),
            errorMessage: nullable(string(), { default: null }),
          }),
        }),
        errorCode: int16(),
        errorMessage: nullable(string(), { default: null }),
      }),
    },
  },
)
