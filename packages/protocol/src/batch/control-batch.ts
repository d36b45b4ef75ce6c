/** Control batches: a record's key says what it marks (type 0 aborts a transaction, 1 commits it). Never for a consumer to see. */

import { controlRecordTypeSchema, endTxnMarker } from '../records/control-records.ts'
import { decodeVersioned, encodeVersioned } from '../records/versioned.ts'
import { MalformedMessageError } from '../schema/index.ts'
import { buildRecordBatch } from './build-record-batch.ts'

export type TransactionResult = 'abort' | 'commit'

const abortType = 0
const commitType = 1

/** The batch that ends a producer's transaction in one partition. */
export function buildEndTransactionMarker(input: {
  baseOffset: number
  result: TransactionResult
  producerId: number
  producerEpoch: number
  coordinatorEpoch: number
  timestamp: number
  partitionLeaderEpoch?: number
}): Buffer {
  const { result, coordinatorEpoch, timestamp, ...batch } = input
  const key = encodeVersioned(controlRecordTypeSchema, { type: result === 'commit' ? commitType : abortType }, 0)
  const value = encodeVersioned(endTxnMarker, { coordinatorEpoch }, 0)
  return buildRecordBatch({ ...batch, transactional: true, control: true, records: [{ timestamp, key, value }] })
}

/** What a control record's key says, or null for a kind that is not known (a leader change, a newer one). */
export function transactionResultOf(key: Buffer | null): TransactionResult | null {
  if (key === null) return null
  try {
    const { type } = decodeVersioned(controlRecordTypeSchema, key, { newerAsHighest: true })
    return type === abortType ? 'abort' : type === commitType ? 'commit' : null
  } catch (error) {
    if (error instanceof MalformedMessageError) return null
    throw error
  }
}
