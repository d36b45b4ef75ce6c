/** What the topic `__transaction_state` keeps: one record a transactional id. */

import { array, int8, int16, int32, int64, nullable, recordMessage, string } from '../schema/index.ts'
import { CoordinatorRecords } from './coordinator-records.ts'

export const transactionLogKey = recordMessage(
  'TransactionLogKey',
  { recordType: 0, versions: '0' },
  {
    transactionalId: string(),
  },
)

export const transactionLogValue = recordMessage(
  'TransactionLogValue',
  { recordType: 0, versions: '0-1', flexible: '1+' },
  {
    producerId: int64(),
    producerEpoch: int16(),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: nullable(
      array({
        topic: string(),
        partitionIds: array(int32()),
      }),
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    previousProducerId: int64({ since: 1, tag: 0, default: -1n }),
    nextProducerId: int64({ since: 1, tag: 1, default: -1n }),
    clientTransactionVersion: int16({ since: 1, tag: 2 }),
    nextProducerEpoch: int16({ since: 1, tag: 3, default: -1 }),
  },
)

/** The records of `__transaction_state`. */
export const transactionStateRecords = new CoordinatorRecords({
  transaction: { key: transactionLogKey, value: transactionLogValue },
})
