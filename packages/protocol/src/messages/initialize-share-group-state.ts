/**
 * InitializeShareGroupState: the group coordinator has the share coordinator begin a partition's delivery state
 * (KIP-932).
 */

import { api, array, int16, int32, int64, nullable, string, uuid } from '../schema/index.ts'

export const initializeShareGroupState = api(
  83,
  'InitializeShareGroupState',
  { versions: '0', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
          stateEpoch: int32(),
          startOffset: int64(),
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
