/** DeleteShareGroupOffsets: a share group forgets topics (KIP-932). */

import { api, array, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const deleteShareGroupOffsets = api(
  92,
  'DeleteShareGroupOffsets',
  { versions: '0', flexible: '0+' },
  {
    request: {
      groupId: string(),
      topics: array({
        topicName: string(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      responses: array({
        topicName: string(),
        topicId: uuid(),
        errorCode: int16(),
        errorMessage: nullable(string(), { default: null }),
      }),
    },
  },
)
