/** ReadShareGroupState: a partition leader reads the delivery state of a share group (KIP-932). */

import { api, array, int8, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const readShareGroupState = api(
  84,
  'ReadShareGroupState',
  { versions: '0', flexible: '0+' },
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
          startOffset: int64(),
          stateBatches: array({
            firstOffset: int64(),
            lastOffset: int64(),
            deliveryState: int8(),
            deliveryCount: int16(),
          }),
        }),
      }),
    },
  },
)
