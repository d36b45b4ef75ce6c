/** AlterPartitionReassignments: moves partitions to other replicas, or stops that (KIP-455). */

import { api, array, boolean, int16, int32, nullable, string } from '../schema/index.ts'

export const alterPartitionReassignments = api(
  45,
  'AlterPartitionReassignments',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      timeoutMs: int32({ default: 60000 }),
      allowReplicationFactorChange: boolean({ since: 1, default: true }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          replicas: nullable(array(int32()), { default: null }),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      allowReplicationFactorChange: boolean({ since: 1, default: true }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      responses: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string()),
        }),
      }),
    },
  },
)
