/** AlterPartition: a leader reports a change of its in-sync replicas to the controller (KIP-497). */

import { api, array, int8, int16, int32, int64, uuid } from '../schema/index.ts'

export const alterPartition = api(
  56,
  'AlterPartition',
  { versions: '2-3', flexible: '2+' },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: int64({ default: -1n }),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          leaderEpoch: int32(),
          newIsrWithEpochs: array(
            {
              brokerId: int32(),
              brokerEpoch: int64({ default: -1n }),
            },
            { since: 3 },
          ),
          newIsr: array(int32(), { until: 2 }),
          leaderRecoveryState: int8(),
          partitionEpoch: int32(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          leaderId: int32(),
          leaderEpoch: int32(),
          isr: array(int32()),
          leaderRecoveryState: int8(),
          partitionEpoch: int32(),
        }),
      }),
    },
  },
)
