/** AssignReplicasToDirs: a broker tells the controller which directories its replicas are in (KIP-858). */

import { api, array, int16, int32, int64, uuid } from '../schema/index.ts'

export const assignReplicasToDirs = api(
  73,
  'AssignReplicasToDirs',
  { versions: '0', flexible: '0+' },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: int64({ default: -1n }),
      directories: array({
        id: uuid(),
        topics: array({
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
          }),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      directories: array({
        id: uuid(),
        topics: array({
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        }),
      }),
    },
  },
)
