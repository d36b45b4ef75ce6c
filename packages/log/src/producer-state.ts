/**
 * What a partition remembers of its producers: the epoch and the last five batches of each (KIP-98), so that a batch sent twice is
 * stored once and a gap in the sequence is refused; and its transactions: the open ones, those that ended but whose marker is not
 * flushed, the aborted ones. Changes are copies: an entry is never modified, so an append can be undone by putting the former entry back.
 *
 *   no transaction ── transactional batch ──▶ open ── marker ──▶ ended ── marker below the high watermark ──▶ forgotten (or aborted)
 */

import { KafkaError, type RecordBatch } from '@ottla/protocol'
import { AbortedTransactions } from './aborted-transactions.ts'
import { readTransactionMarker } from './transaction-marker.ts'

const batchesRemembered = 5
const maxSequence = 2 ** 31 - 1
const noSequence = -1
const noEpoch = -1

export interface ProducerBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  lastOffset: number
  maxTimestamp: number
}

export interface ProducerEntry {
  producerId: number
  producerEpoch: number
  /** Oldest first, at most five. Of a log that Apache Kafka has written only the last one is known after a start. */
  batches: readonly ProducerBatch[]
  lastTimestamp: number
  coordinatorEpoch: number
  /** -1 where no transaction is open. */
  currentTransactionFirstOffset: number
}

/** A transaction whose marker is written but may still be lost. */
interface EndedTransaction {
  firstOffset: number
  markerOffset: number
}

export class ProducerState {
  readonly aborted: AbortedTransactions = new AbortedTransactions()
  readonly #entries = new Map<number, ProducerEntry>()
  /** Producer ids by the first offset of their open transaction, ascending. */
  readonly #open = new Map<number, number>()
  /** Ascending by marker. */
  #ended: EndedTransaction[] = []

  get size(): number {
    return this.#entries.size
  }

  entries(): Iterable<ProducerEntry> {
    return this.#entries.values()
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId)
  }

  /** Where the earliest transaction begins that is open, or whose end is not flushed; infinite without one. */
  get firstUnstableOffset(): number {
    let [first = Number.POSITIVE_INFINITY] = this.#open.keys()
    for (const { firstOffset } of this.#ended) first = Math.min(first, firstOffset)
    return first
  }

  /** What lies below is flushed: ends of transactions among them hold. */
  onFlushed(highWatermark: number): void {
    if (this.#ended.length > 0) this.#ended = this.#ended.filter(({ markerOffset }) => markerOffset >= highWatermark)
  }

  /** The remembered batch that this one repeats: same epoch, same first and last sequence. */
  findDuplicate(batch: RecordBatch): ProducerBatch | undefined {
    const entry = this.#entries.get(batch.producerId)
    if (!entry || entry.producerEpoch !== batch.producerEpoch) return undefined
    const { baseSequence, lastSequence } = batch
    return entry.batches.find(known => known.baseSequence === baseSequence && known.lastSequence === lastSequence)
  }

  /**
   * Refuses an epoch of the past (INVALID_PRODUCER_EPOCH) and, where `checkSequence`, whatever does not follow the last sequence
   * (OUT_OF_ORDER_SEQUENCE_NUMBER). A producer of which nothing is known (any more) may begin with any sequence; a new epoch
   * begins with 0. While a transaction is open only batches of it are taken (INVALID_TXN_STATE); a marker of a coordinator that has a
   * successor is refused (TRANSACTION_COORDINATOR_FENCED).
   */
  check(batch: RecordBatch, { checkSequence }: { checkSequence: boolean }): void {
    const entry = this.#entries.get(batch.producerId)
    if (!entry) return
    const { producerId, producerEpoch } = batch
    if (producerEpoch < entry.producerEpoch) {
      throw new KafkaError(
        'INVALID_PRODUCER_EPOCH',
        `Producer ${producerId} has epoch ${entry.producerEpoch} here, this batch has the older epoch ${producerEpoch}`,
      )
    }
    if (batch.isControl) {
      const { coordinatorEpoch = -1 } = readTransactionMarker(batch) ?? {}
      if (coordinatorEpoch >= entry.coordinatorEpoch) return
      throw new KafkaError(
        'TRANSACTION_COORDINATOR_FENCED',
        `Producer ${producerId} has a marker of coordinator epoch ${entry.coordinatorEpoch} here, this one is of ${coordinatorEpoch}`,
      )
    }
    if (checkSequence) this.#checkSequence(batch, entry)
    if (entry.currentTransactionFirstOffset >= 0 && !batch.isTransactional) {
      throw new KafkaError(
        'INVALID_TXN_STATE',
        `Producer ${producerId} has an open transaction here, this batch does not belong to it`,
      )
    }
  }

  #checkSequence(batch: RecordBatch, entry: ProducerEntry): void {
    const { producerId, producerEpoch } = batch
    const expected = producerEpoch === entry.producerEpoch ? nextSequence(lastSequence(entry)) : 0
    if (batch.baseSequence === expected || entry.producerEpoch === noEpoch) return
    throw new KafkaError(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `Producer ${producerId} (epoch ${producerEpoch}) sent sequence ${batch.baseSequence} where ${expected} comes next`,
    )
  }

  /** Takes the batch, which has its offsets, into account. Returns the producer's former entry, for `restore`. */
  record(batch: RecordBatch): ProducerEntry | undefined {
    const former = this.#entries.get(batch.producerId)
    const entry = batch.isControl ? this.#endTransaction(batch, former) : this.#addBatch(batch, former)
    this.#entries.set(batch.producerId, entry)
    return former
  }

  /** Puts the former entry back. To be followed by `truncate` with the offset of the oldest batch that was taken back. */
  restore(producerId: number, entry: ProducerEntry | undefined): void {
    if (entry) this.#entries.set(producerId, entry)
    else this.#entries.delete(producerId)
  }

  /** Nothing at this offset or behind it came to be. */
  truncate(offset: number): void {
    this.#ended = this.#ended.filter(({ markerOffset }) => markerOffset < offset)
    this.aborted.truncate(offset)
    this.#findOpenTransactions()
  }

  load(entries: Iterable<ProducerEntry>): void {
    this.#entries.clear()
    for (const entry of entries) this.#entries.set(entry.producerId, entry)
    this.#findOpenTransactions()
  }

  #findOpenTransactions(): void {
    this.#open.clear()
    const open = [...this.#entries.values()].filter(entry => entry.currentTransactionFirstOffset >= 0)
    open.sort((a, b) => a.currentTransactionFirstOffset - b.currentTransactionFirstOffset)
    for (const entry of open) this.#open.set(entry.currentTransactionFirstOffset, entry.producerId)
  }

  #addBatch(batch: RecordBatch, former: ProducerEntry | undefined): ProducerEntry {
    const { producerId, producerEpoch, baseSequence, lastSequence, baseOffset, lastOffset, isTransactional } = batch
    const known = former?.producerEpoch === producerEpoch ? former.batches : []
    const openSince = former?.currentTransactionFirstOffset ?? -1
    const begins = isTransactional && openSince < 0
    if (begins) this.#open.set(baseOffset, producerId)
    // A coordinator writes without sequences: there is nothing to recognise a repetition by.
    const batches =
      baseSequence < 0
        ? known
        : [
            ...(known.length < batchesRemembered ? known : known.slice(1 - batchesRemembered)),
            { baseSequence, lastSequence, baseOffset, lastOffset, maxTimestamp: batch.maxTimestamp },
          ]
    return {
      producerId,
      producerEpoch,
      batches,
      lastTimestamp: batch.maxTimestamp,
      coordinatorEpoch: former?.coordinatorEpoch ?? -1,
      currentTransactionFirstOffset: begins ? baseOffset : openSince,
    }
  }

  /** A marker of a transaction that wrote nothing here ends nothing. */
  #endTransaction(batch: RecordBatch, former: ProducerEntry | undefined): ProducerEntry {
    const { producerId, producerEpoch, lastOffset: markerOffset } = batch
    const marker = readTransactionMarker(batch)
    const firstOffset = former?.currentTransactionFirstOffset ?? -1
    if (marker && firstOffset >= 0) {
      this.#open.delete(firstOffset)
      this.#ended.push({ firstOffset, markerOffset })
      const [lastStableOffset = markerOffset + 1] = this.#open.keys()
      if (marker.result === 'abort') {
        this.aborted.add({ producerId, firstOffset, lastOffset: markerOffset, lastStableOffset })
      }
    }
    return {
      producerId,
      producerEpoch,
      batches: former?.producerEpoch === producerEpoch ? former.batches : [],
      lastTimestamp: batch.maxTimestamp,
      coordinatorEpoch: marker?.coordinatorEpoch ?? former?.coordinatorEpoch ?? -1,
      currentTransactionFirstOffset: marker ? -1 : firstOffset,
    }
  }

  /** Forgets producers whose last batch is older than `producer.id.expiration.ms`; never one with an open transaction. */
  expire({ nowMs, expirationMs }: { nowMs: number; expirationMs: number }): void {
    for (const [producerId, entry] of this.#entries) {
      if (entry.currentTransactionFirstOffset < 0 && nowMs - entry.lastTimestamp >= expirationMs) {
        this.#entries.delete(producerId)
      }
    }
  }
}

function lastSequence(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastSequence ?? noSequence
}

/** Sequences wrap from 2^31 - 1 to 0. */
export function nextSequence(sequence: number): number {
  return sequence === maxSequence ? 0 : sequence + 1
}

/** The sequence `count` before this one, across the wrap. */
export function sequenceBefore(sequence: number, count: number): number {
  return sequence >= count ? sequence - count : maxSequence - (count - sequence) + 1
}
