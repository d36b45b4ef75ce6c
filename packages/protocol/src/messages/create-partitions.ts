/** CreatePartitions: adds partitions to topics (KIP-195). */

import { api, array, boolean, int16, int32, nullable, string } from '../schema/index.ts'

export const createPartitions = api(
  37,
  'CreatePartitions',
  { versions: '0-3', flexible: '2+' },
  {
    request: {
      topics: array({
        name: string(),
        count: int32(),
        assignments: nullable(
          array({
            brokerIds: array(int32()),
          }),
        ),
      }),
      timeoutMs: int32(),
      validateOnly: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        name: string(),
        errorCode: int16(),
        errorMessage: nullable(string(), { default: null }),
      }),
    },
  },
)
