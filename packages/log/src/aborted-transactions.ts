/**
 * The aborted transactions of one partition: a consumer with `read_committed` is told of those that it meets and drops their records
 * itself. In memory for the whole partition, since aborts are rare; in files by segment (transaction-index.ts). Never learns of
 * committed transactions.
 */

import type { AbortedTransaction } from './transaction-index.ts'

export class AbortedTransactions {
  /** Ascending by last offset: markers enter in the order in which they are written. */
  #entries: AbortedTransaction[] = []

  /** Does nothing where the marker is known already: a start meets it in the index and in the log. */
  add(entry: AbortedTransaction): void {
    if (entry.lastOffset > (this.#entries.at(-1)?.lastOffset ?? -1)) this.#entries.push(entry)
  }

  /** Those of which a record may lie from `fromOffset` to `endOffset` (exclusive). */
  overlapping(fromOffset: number, endOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.#indexOf(fromOffset); i < this.#entries.length; i++) {
      const entry = this.#entries[i]!
      if (entry.firstOffset < endOffset) found.push(entry)
      if (entry.lastStableOffset >= endOffset) break
    }
    return found
  }

  /** Those whose marker lies from `fromOffset` to `endOffset` (exclusive): what a segment's file has to hold. */
  endingWithin(fromOffset: number, endOffset: number): AbortedTransaction[] {
    return this.#entries.slice(this.#indexOf(fromOffset), this.#indexOf(endOffset))
  }

  /** The markers in this range are those, and no others: what was there has been compacted. */
  replaceWithin(fromOffset: number, endOffset: number, entries: readonly AbortedTransaction[]): void {
    const start = this.#indexOf(fromOffset)
    this.#entries.splice(start, this.#indexOf(endOffset) - start, ...entries)
  }

  removeBelow(offset: number): void {
    this.#entries.splice(0, this.#indexOf(offset))
  }

  /** Forgets the markers at this offset and behind it: they were taken back. */
  truncate(offset: number): void {
    this.#entries.length = this.#indexOf(offset)
  }

  /** Of the first entry whose marker is at the offset or behind it. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
