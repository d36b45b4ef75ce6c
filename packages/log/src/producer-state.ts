/**
 * What a partition remembers of its producers: the epoch and the last five batches of each (KIP-98), so that a batch sent twice is
 * stored once and a gap in the sequence is refused. Changes are copies: an entry is never modified, so an append can be undone by
 * putting the former entry back.
 */

import { KafkaError, type RecordBatch } from '@ottla/protocol'

const batchesRemembered = 5
const maxSequence = 2 ** 31 - 1
const noSequence = -1
const noEpoch = -1

export interface ProducerBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  lastOffset: number
}

export interface ProducerEntry {
  producerId: number
  producerEpoch: number
  /** Oldest first, at most five; after a start only the last one is known. */
  batches: readonly ProducerBatch[]
  lastTimestamp: number
  coordinatorEpoch: number
  /** -1 where no transaction is open. */
  currentTransactionFirstOffset: number
}

export class ProducerState {
  readonly #entries = new Map<number, ProducerEntry>()

  get size(): number {
    return this.#entries.size
  }

  entries(): Iterable<ProducerEntry> {
    return this.#entries.values()
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId)
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
   * begins with 0.
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
    if (!checkSequence) return
    const expected = producerEpoch === entry.producerEpoch ? nextSequence(lastSequence(entry)) : 0
    if (batch.baseSequence === expected || entry.producerEpoch === noEpoch) return
    throw new KafkaError(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `Producer ${producerId} (epoch ${producerEpoch}) sent sequence ${batch.baseSequence} where ${expected} comes next`,
    )
  }

  /** Takes the batch, which has its offsets, into account. Returns the producer's former entry, for `restore`. */
  record(batch: RecordBatch): ProducerEntry | undefined {
    const { producerId, producerEpoch } = batch
    const former = this.#entries.get(producerId)
    const sameEpoch = former?.producerEpoch === producerEpoch
    const known = former && sameEpoch ? former.batches : []
    this.#entries.set(producerId, {
      producerId,
      producerEpoch,
      batches: batch.isControl
        ? known
        : [
            ...(known.length < batchesRemembered ? known : known.slice(1 - batchesRemembered)),
            {
              baseSequence: batch.baseSequence,
              lastSequence: batch.lastSequence,
              baseOffset: batch.baseOffset,
              lastOffset: batch.lastOffset,
            },
          ],
      lastTimestamp: batch.maxTimestamp,
      coordinatorEpoch: former?.coordinatorEpoch ?? -1,
      currentTransactionFirstOffset: former?.currentTransactionFirstOffset ?? -1,
    })
    return former
  }

  restore(producerId: number, entry: ProducerEntry | undefined): void {
    if (entry) this.#entries.set(producerId, entry)
    else this.#entries.delete(producerId)
  }

  load(entries: Iterable<ProducerEntry>): void {
    this.#entries.clear()
    for (const entry of entries) this.#entries.set(entry.producerId, entry)
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
