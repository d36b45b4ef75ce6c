/** ReadShareGroupStateSummary: only the start offset of a partition's delivery state (KIP-932). */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const readShareGroupStateSummary = api(
  87,
  'ReadShareGroupStateSummary',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          leaderEpoch: int32(),
        }),
      }),
    },
    response: {
      results: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { default: null }),
          stateEpoch: int32(),
          leaderEpoch: int32(),
          startOffset: int64(),
          deliveryCompleteCount: int32({ since: 1, default: -1 }),
        }),
      }),
    },
  },
)
