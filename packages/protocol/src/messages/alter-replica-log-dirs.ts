/** AlterReplicaLogDirs: moves replicas between a broker's log directories (KIP-113). */

import { api, array, int16, int32, string } from '../schema/index.ts'

export const alterReplicaLogDirs = api(
  34,
  'AlterReplicaLogDirs',
  { versions: '1-2', flexible: '2+' },
  {
    request: {
      dirs: array({
        path: string(),
        topics: array({
          name: string(),
          partitions: array(int32()),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    },
  },
)
