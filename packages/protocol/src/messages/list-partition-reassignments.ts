/** ListPartitionReassignments: moves under way (KIP-455). */

import { api, array, int16, int32, nullable, string } from '../schema/index.ts'

export const listPartitionReassignments = api(
  46,
  'ListPartitionReassignments',
  { versions: '0', flexible: '0+' },
  {
    request: {
      timeoutMs: int32({ default: 60000 }),
      topics: nullable(
        array({
          name: string(),
          partitionIndexes: array(int32()),
        }),
        { default: null },
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          replicas: array(int32()),
          addingReplicas: array(int32()),
          removingReplicas: array(int32()),
        }),
      }),
    },
  },
)
