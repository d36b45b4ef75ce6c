/** DescribeTransactions: the state of transactional ids (KIP-664). */

import { api, array, int16, int32, int64, string } from '../schema/index.ts'

export const describeTransactions = api(
  65,
  'DescribeTransactions',
  { versions: '0', flexible: '0+' },
  {
    request: {
      transactionalIds: array(string()),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      transactionStates: array({
        errorCode: int16(),
        transactionalId: string(),
        transactionState: string(),
        transactionTimeoutMs: int32(),
        transactionStartTimeMs: int64(),
        producerId: int64(),
        producerEpoch: int16(),
        topics: array({
          topic: string(),
          partitions: array(int32()),
        }),
      }),
    },
  },
)
