/** DescribeProducers: the producers that a partition knows, to find hanging transactions (KIP-664). */

import { api, array, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const describeProducers = api(
  61,
  'DescribeProducers',
  { versions: '0', flexible: '0+' },
  {
    request: {
      topics: array({
        name: string(),
        partitionIndexes: array(int32()),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { default: null }),
          activeProducers: array({
            producerId: int64(),
            producerEpoch: int32(),
            lastSequence: int32({ default: -1 }),
            lastTimestamp: int64({ default: -1n }),
            coordinatorEpoch: int32(),
            currentTxnStartOffset: int64({ default: -1n }),
          }),
        }),
      }),
    },
  },
)
