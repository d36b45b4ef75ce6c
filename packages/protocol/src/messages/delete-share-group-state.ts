/** DeleteShareGroupState: the share coordinator forgets a partition's delivery state (KIP-932). */

import { api, array, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const deleteShareGroupState = api(
  86,
  'DeleteShareGroupState',
  { versions: '0', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partition: int32(),
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
