/**
 * Follows transactions through a log that is read from front to back, for compaction: which batches belong to an aborted one, and
 * which markers have nothing left that they mark.
 *
 * Batches of an aborted transaction go as a whole. A marker stays as long as a batch of its transaction was met; when none was, all
 * of them are gone, and the marker may go too once its delete horizon has passed.
 */

import { type RecordBatch, transactionResultOf } from '@ottla/protocol'
import type { AbortedTransaction } from '../transaction-index.ts'

interface OngoingAbort {
  transaction: AbortedTransaction
  wasBatchMet: boolean
}

export class CleanedTransactions {
  /** By first offset, the next one last. */
  readonly #toCome: AbortedTransaction[]
  readonly #ongoingAborts = new Map<number, OngoingAbort>()
  readonly #ongoingCommits = new Set<number>()
  readonly #onAbortKept: (transaction: AbortedTransaction) => void

  /** `onAbortKept` is told of each aborted transaction whose marker stays: it goes to the new transaction index. */
  constructor(
    abortedTransactions: readonly AbortedTransaction[],
    { onAbortKept = () => undefined }: { onAbortKept?: (transaction: AbortedTransaction) => void } = {},
  ) {
    this.#toCome = abortedTransactions.toSorted((a, b) => b.firstOffset - a.firstOffset)
    this.#onAbortKept = onAbortKept
  }

  /** For each batch but control batches, in order. True when its transaction was aborted. */
  isAborted(batch: RecordBatch): boolean {
    this.#begin(batch.lastOffset)
    if (!batch.isTransactional) return false
    const abort = this.#ongoingAborts.get(batch.producerId)
    if (abort) abort.wasBatchMet = true
    else this.#ongoingCommits.add(batch.producerId)
    return abort !== undefined
  }

  /** For each control batch, in order. True when nothing is left of what it marks. */
  isMarkerOfNothing(batch: RecordBatch, maxDecompressedBytes: number): boolean {
    this.#begin(batch.lastOffset)
    const [record] = batch.records({ maxDecompressedBytes })
    if (!record) return true // an empty control batch was cleaned before
    const result = transactionResultOf(record.key)
    if (result === 'commit') return !this.#ongoingCommits.delete(batch.producerId)
    if (result !== 'abort') return false
    const abort = this.#ongoingAborts.get(batch.producerId)
    this.#ongoingAborts.delete(batch.producerId)
    if (!abort?.wasBatchMet) return true
    this.#onAbortKept(abort.transaction)
    return false
  }

  #begin(lastOffset: number): void {
    for (let next = this.#toCome.at(-1); next && next.firstOffset <= lastOffset; next = this.#toCome.at(-1)) {
      this.#toCome.pop()
      if (!this.#ongoingAborts.has(next.producerId)) {
        this.#ongoingAborts.set(next.producerId, { transaction: next, wasBatchMet: false })
      }
    }
  }
}
