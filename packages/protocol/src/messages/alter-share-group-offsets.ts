/** AlterShareGroupOffsets: sets the start offsets of a share group that has no members (KIP-932). */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const alterShareGroupOffsets = api(
  91,
  'AlterShareGroupOffsets',
  { versions: '0', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          startOffset: int64(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      responses: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { default: null }),
        }),
      }),
    },
  },
)
