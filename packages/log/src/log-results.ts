/** What a partition's log is asked for and answers. */

import type { AbortedTransaction } from './transaction-index.ts'

export interface AppendResult {
  baseOffset: number
  lastOffset: number
  /** For `whenWritten` and `whenDurable`. Of a duplicate: where the original ends. */
  nextOffset: number
  /** -1 unless the topic uses LogAppendTime. */
  logAppendTimeMs: number
  logStartOffset: number
  isDuplicate: boolean
}

export interface ReadOptions {
  fromOffset: number
  maxBytes: number
  /** The first batch is given whole even when it is larger than `maxBytes`. */
  minOneBatch: boolean
  isolation: 'highWatermark' | 'lastStableOffset' | 'logEnd'
}

export interface ReadResult {
  /** Whole record batches; the first one may begin before `fromOffset`. Slices of shared memory: not to be modified. */
  records: Buffer[]
  sizeInBytes: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  /** Of isolation `lastStableOffset`: those whose records may be among what was read, by marker; to be left out by the reader. */
  abortedTransactions?: readonly AbortedTransaction[]
}
