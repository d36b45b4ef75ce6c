/**
 * Compares the index files of a segment with its log file, batch by batch as they come. Each check names the first entry that is wrong;
 * none of them is fatal, since the broker compares an entry with the log before it uses it and rebuilds an index that does not fit.
 */

import type { RecordBatch } from '@ottla/protocol'
import type { AbortedTransaction } from '../transaction-index.ts'
import type { Report } from './findings.ts'
import { hasWholeEntries, offsetIndexEntries, timeIndexEntries } from './index-entries.ts'

interface IndexFile {
  path: string
  content: Buffer
  baseOffset: number
  report: Report
}

/** What all checks of one index file have in common: only the first thing that is wrong is told. */
class FirstMismatch {
  readonly #file: Pick<IndexFile, 'path' | 'report'>
  isFound = false

  constructor(file: Pick<IndexFile, 'path' | 'report'>) {
    this.#file = file
  }

  tell(what: string, positionInBytes?: number): void {
    if (this.isFound) return
    this.isFound = true
    const { path, report } = this.#file
    const message = `The index does not fit the log: ${what}. It is rebuilt from the log when it is needed`
    report({ severity: 'mendable', path, message, ...(positionInBytes !== undefined && { positionInBytes }) })
  }
}

export class OffsetIndexCheck {
  readonly #entries: ReturnType<typeof offsetIndexEntries>
  readonly #mismatch: FirstMismatch
  #next = 0

  constructor(file: IndexFile) {
    this.#entries = offsetIndexEntries(file.content, file.baseOffset)
    this.#mismatch = new FirstMismatch(file)
    if (!hasWholeEntries(file.content, 'index')) this.#mismatch.tell('its size is no multiple of 8')
  }

  /** The position in the log of which the last entry speaks; -1 without one. */
  get lastPosition(): number {
    return this.#entries.at(-1)?.position ?? -1
  }

  visit({ baseOffset, lastOffset }: RecordBatch, position: number): void {
    for (
      let entry = this.#entries[this.#next];
      entry && entry.position <= position;
      entry = this.#entries[++this.#next]
    ) {
      if (entry.position < position) this.#mismatch.tell(`no record batch begins at ${entry.position}`, entry.at)
      else if (entry.offset < baseOffset) {
        this.#mismatch.tell(`offset ${entry.offset} at ${position}, where ${baseOffset}-${lastOffset} stands`, entry.at)
      }
    }
  }

  /** `endOffset`: of the segment, exclusive. */
  finish({ endOffset }: { endOffset: number }): void {
    const entry = this.#entries[this.#next]
    if (entry) this.#mismatch.tell(`no record batch begins at ${entry.position}`, entry.at)
    const beyond = this.#entries.find(({ offset }) => offset >= endOffset)
    if (beyond) this.#mismatch.tell(`offset ${beyond.offset}, where the segment ends at ${endOffset}`, beyond.at)
    const descending = this.#entries.find((entry, i) => i > 0 && entry.offset <= this.#entries[i - 1]!.offset)
    if (descending) this.#mismatch.tell('its offsets do not ascend', descending.at)
  }
}

/** An entry says that every record with a larger timestamp comes after its offset. */
export class TimeIndexCheck {
  readonly #entries: ReturnType<typeof timeIndexEntries>
  readonly #mismatch: FirstMismatch
  #next = 0
  #largest = -1

  constructor(file: IndexFile) {
    this.#entries = timeIndexEntries(file.content, file.baseOffset)
    this.#mismatch = new FirstMismatch(file)
    if (!hasWholeEntries(file.content, 'timeindex')) this.#mismatch.tell('its size is no multiple of 12')
    const descending = this.#entries.find((entry, i) => i > 0 && entry.timestamp <= this.#entries[i - 1]!.timestamp)
    if (descending) this.#mismatch.tell('its timestamps do not ascend', descending.at)
  }

  /** The last offset of which it speaks; -1 without one. */
  get lastOffset(): number {
    return this.#entries.at(-1)?.offset ?? -1
  }

  visit({ lastOffset, maxTimestamp, recordCount }: RecordBatch): void {
    this.#passEntriesBelow(lastOffset)
    if (recordCount > 0) this.#largest = Math.max(this.#largest, maxTimestamp)
  }

  /** A closed segment's index ends with the segment's largest timestamp. */
  finish({ isClosed, endOffset }: { isClosed: boolean; endOffset: number }): void {
    const beyond = this.#entries.find(({ offset }) => offset >= endOffset)
    if (beyond) this.#mismatch.tell(`offset ${beyond.offset}, where the segment ends at ${endOffset}`, beyond.at)
    this.#passEntriesBelow(Number.POSITIVE_INFINITY)
    const last = this.#entries.at(-1)?.timestamp ?? -1
    if (isClosed && last !== this.#largest) {
      this.#mismatch.tell(`its last timestamp is ${last}, the segment's largest ${this.#largest}`)
    }
  }

  #passEntriesBelow(offset: number): void {
    for (let entry = this.#entries[this.#next]; entry && entry.offset < offset; entry = this.#entries[++this.#next]) {
      if (this.#largest <= entry.timestamp) continue
      this.#mismatch.tell(
        `timestamp ${entry.timestamp} up to offset ${entry.offset}, where ${this.#largest} stands`,
        entry.at,
      )
    }
  }
}

/** Every aborted transaction that is listed has its marker in the segment. */
export class TransactionIndexCheck {
  readonly #entries: readonly AbortedTransaction[]
  readonly #mismatch: FirstMismatch
  #next = 0

  /** `entries`: null where the file can't be understood. */
  constructor(file: { path: string; entries: readonly AbortedTransaction[] | null; report: Report }) {
    this.#entries = file.entries ?? []
    this.#mismatch = new FirstMismatch(file)
    if (file.entries === null) this.#mismatch.tell('it is damaged')
  }

  visit({ lastOffset, isControl, producerId }: RecordBatch): void {
    const entry = this.#entries[this.#next]
    if (!entry || lastOffset < entry.lastOffset) return
    const isMarker = isControl && producerId === entry.producerId && lastOffset === entry.lastOffset
    if (!isMarker) this.#mismatch.tell(`no marker of producer ${entry.producerId} at offset ${entry.lastOffset}`)
    this.#next++
  }

  finish(): void {
    const entry = this.#entries[this.#next]
    if (entry) this.#mismatch.tell(`no marker of producer ${entry.producerId} at offset ${entry.lastOffset}`)
  }
}
