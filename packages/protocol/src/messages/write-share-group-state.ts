/** WriteShareGroupState: a partition leader stores changes of the delivery state of a share group (KIP-932). */

import { api, array, int8, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const writeShareGroupState = api(
  85,
  'WriteShareGroupState',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          stateEpoch: int32(),
          leaderEpoch: int32(),
          startOffset: int64(),
          deliveryCompleteCount: int32({ since: 1, default: -1 }),
          stateBatches: array({
            firstOffset: int64(),
            lastOffset: int64(),
            deliveryState: int8(),
            deliveryCount: int16(),
          }),
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
        }),
      }),
    },
  },
)
