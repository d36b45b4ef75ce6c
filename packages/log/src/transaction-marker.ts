/** The control batch that ends a producer's transaction in a partition: what it says. Building it is the protocol's. */

import {
  endTxnMarker,
  MalformedMessageError,
  type RecordBatch,
  type TransactionResult,
  transactionResultOf,
} from '@ottla/protocol'

/** In front of the value; every version begins as the first one does. */
const versionSizeInBytes = 2

export interface TransactionMarker {
  result: TransactionResult
  /** Of the coordinator that had it written; one that is lower than a former one's comes from the past. */
  coordinatorEpoch: number
}

/** Null for control batches of other kinds. */
export function readTransactionMarker(batch: RecordBatch): TransactionMarker | null {
  const [record] = batch.records({ maxDecompressedBytes: batch.sizeInBytes })
  const result = record ? transactionResultOf(record.key) : null
  if (!record?.value || result === null) return null
  try {
    const { coordinatorEpoch } = endTxnMarker.decode(record.value.subarray(versionSizeInBytes), 0)
    return { result, coordinatorEpoch }
  } catch (error) {
    if (error instanceof MalformedMessageError) return null
    throw error
  }
}
