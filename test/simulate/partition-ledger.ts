/**
 * What the outside world was promised about one partition: the contract, kept apart from the product. Whatever was acknowledged or
 * shown to a consumer has to be there again after every crash, at the same offset and with the same content, until its owner deletes it,
 * it is past its retention, or a later record of its key makes it superfluous.
 */

import type { RecordBatch } from '@ottla/protocol'
import { type Attempt, identityOf } from './attempt.ts'
import type { VirtualTime } from './virtual-time.ts'

const longAgoMs = Number.NEGATIVE_INFINITY

interface RecordPromise {
  readonly attempt: Attempt
  /** Of the record in its batch. */
  readonly index: number
  /** `written`: acknowledged with acks=1, which a loss of power may take back. */
  readonly strength: 'written' | 'durable'
  /** When it was acknowledged or first seen, in monotonic time. */
  readonly sinceMs: number
}

export interface LogOffsets {
  readonly highWatermark: number
  readonly logStartOffset: number
}

/** What a topic's configuration allows to be taken away; the widest that was ever asked for. */
export interface TopicRules {
  isCompacted: boolean
  /** Tombstones stay for that long at least. */
  deleteRetentionMs: number
  /** Null: no record is ever too old. */
  retentionMs: number | null
  mayExpireBySize: boolean
}

export interface PartitionLedgerOptions {
  label: () => string
  attempts: ReadonlyMap<number, Attempt>
  rules: TopicRules
  time: VirtualTime
}

export class ContractViolation extends Error {
  override readonly name = 'ContractViolation'
}

export class PartitionLedger {
  readonly #options: PartitionLedgerOptions
  readonly #promises = new Map<number, RecordPromise>()
  /** Where each attempt stands, once known: nothing is stored twice. */
  readonly #places = new Map<number, number>()
  /** Of those that may be there although nobody has seen them. */
  readonly #unplaced = new Set<Attempt>()
  #highWatermark = 0
  /** What was answered: the log never begins before it again. */
  #logStartOffset = 0
  /** The largest offset that anyone has asked to delete up to. */
  #mayStartAt = 0
  #leaderEpoch = 0

  constructor(options: PartitionLedgerOptions) {
    this.#options = options
  }

  get label(): string {
    return this.#options.label()
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  sent(attempt: Attempt): void {
    if (!this.#places.has(attempt.id)) this.#unplaced.add(attempt)
  }

  acknowledged(attempt: Attempt, baseOffset: number): void {
    attempt.state = 'acknowledged'
    const strength = attempt.acks === 1 ? 'written' : 'durable'
    for (const index of attempt.texts.keys()) this.#promise(baseOffset + index, attempt, index, strength)
  }

  /** A consumer got this batch. */
  seen(batch: RecordBatch): void {
    for (const record of batch.records({ maxDecompressedBytes: 1024 * 1024 })) {
      const { offset, timestamp } = record
      const { id, index, text } = identityOf(record) ?? { id: -1, index: -1, text: '' }
      const attempt = this.#options.attempts.get(id)
      const isAsSent =
        attempt !== undefined &&
        attempt.texts[index] === text &&
        attempt.keys[index] === record.key?.toString() &&
        attempt.tombstones.has(index) === (record.value === null) &&
        attempt.timestampMs === timestamp
      this.#check(isAsSent, () => `offset ${offset} holds ${JSON.stringify(text)}, which nobody sent so`)
      this.#check(attempt.state !== 'refused', () => `offset ${offset} holds what was refused for good: ${text}`)
      this.#promise(offset, attempt, index, 'durable')
      if (this.#options.rules.isCompacted) this.#promiseSiblings(offset - index, attempt)
    }
  }

  /** Of a batch of which anything is stored, all is or was: compaction may have taken the rest. */
  #promiseSiblings(base: number, attempt: Attempt): void {
    for (const index of attempt.texts.keys()) {
      if (!this.#promises.has(base + index)) this.#promise(base + index, attempt, index, 'durable', longAgoMs)
    }
  }

  /** Offsets of an answer, and what was known when it was asked for: answers may overtake each other. */
  observedOffsets({ highWatermark, logStartOffset }: LogOffsets, known: LogOffsets = this): void {
    this.#check(
      highWatermark >= known.highWatermark,
      () => `the high watermark went back from ${known.highWatermark} to ${highWatermark}`,
    )
    this.#highWatermark = Math.max(highWatermark, this.#highWatermark)
    this.#check(
      logStartOffset >= known.logStartOffset,
      () => `the log start went back from ${known.logStartOffset} to ${logStartOffset}`,
    )
    this.#checkExpiry(logStartOffset)
    this.#moveStart(logStartOffset)
  }

  observedLeaderEpoch(epoch: number): void {
    this.#check(epoch >= this.#leaderEpoch, () => `the leader epoch went back from ${this.#leaderEpoch} to ${epoch}`)
    this.#leaderEpoch = epoch
  }

  deletionAsked(offset: number): void {
    this.#mayStartAt = Math.max(this.#mayStartAt, offset)
  }

  deletionAnswered(logStartOffset: number): void {
    this.#moveStart(logStartOffset)
  }

  /** Loss of power: acks=1 promised no more than what the operating system had. */
  powerWasCut(): void {
    for (const [offset, { strength, attempt }] of this.#promises) {
      if (strength === 'durable') continue
      this.#promises.delete(offset)
      this.#places.delete(attempt.id)
      this.#unplaced.add(attempt)
    }
  }

  /** Compares with all that the partition has, read from its start to its end. */
  verify(found: readonly RecordBatch[], { logStartOffset, highWatermark }: LogOffsets): void {
    this.observedOffsets({ logStartOffset, highWatermark })
    const { isCompacted } = this.#options.rules
    let offset = logStartOffset
    const offsets = new Set<number>()
    for (const batch of found) {
      this.#check(batch.isCrcValid(), () => `the batch at ${batch.baseOffset} does not fit its CRC`)
      this.#check(
        batch.baseOffset === offset || (isCompacted ? batch.nextOffset > offset : offset === logStartOffset),
        () => `offset ${offset} is missing, ${batch.baseOffset} follows`,
      )
      this.seen(batch)
      for (const record of batch.records({ maxDecompressedBytes: 1024 * 1024 })) offsets.add(record.offset)
      offset = batch.nextOffset
    }
    this.#check(offset >= highWatermark, () => `the high watermark is ${highWatermark}, but records end at ${offset}`)
    if (isCompacted) this.#checkKeys(offsets)
    for (const [promised, promise] of this.#promises) {
      const isThere = isCompacted ? promised < offset : offsets.has(promised)
      this.#check(
        isThere || promised < logStartOffset,
        () => `offset ${promised} was ${how(promise)}, but is not there: the log ends at ${offset}`,
      )
    }
  }

  /** The last record of each key is there, and what a tombstone has deleted is not there again. */
  #checkKeys(found: ReadonlySet<number>): void {
    const lastPromised = new Map<string, number>()
    const lastFound = new Map<string, number>()
    for (const [offset, { attempt, index }] of this.#promises) {
      const key = attempt.keys[index]!
      if (offset > (lastPromised.get(key) ?? -1)) lastPromised.set(key, offset)
      if (found.has(offset) && offset > (lastFound.get(key) ?? -1)) lastFound.set(key, offset)
    }
    for (const [key, offset] of lastPromised) {
      if (found.has(offset)) continue
      const promise = this.#promises.get(offset)!
      const older = lastFound.get(key)
      this.#check(
        older === undefined,
        () => `${key} is at offset ${older} again, though offset ${offset} was ${how(promise)} since`,
      )
      const { attempt, index, sinceMs } = promise
      const isDeletedUnseen = [...this.#unplaced].some(unplaced => hasTombstoneOf(unplaced, key))
      if (isDeletedUnseen) continue
      this.#check(attempt.tombstones.has(index), () => `${key} is gone: offset ${offset} was ${how(promise)}`)
      const { time, rules } = this.#options
      this.#check(
        time.lastJumpMs >= sinceMs || time.nowMs() - sinceMs >= rules.deleteRetentionMs,
        () => `the tombstone of ${key} at offset ${offset} is gone after ${time.nowMs() - sinceMs} ms already`,
      )
    }
  }

  #promise(
    offset: number,
    attempt: Attempt,
    index: number,
    strength: RecordPromise['strength'],
    nowMs = this.#options.time.nowMs(),
  ): void {
    this.#unplaced.delete(attempt)
    if (offset < this.#logStartOffset) return
    const base = offset - index
    const known = this.#promises.get(offset)
    this.#check(
      known === undefined || (known.attempt === attempt && known.index === index),
      () => `offset ${offset} was ${known!.attempt.texts[known!.index]}, now it is ${attempt.texts[index]}`,
    )
    const place = this.#places.get(attempt.id)
    this.#check(
      place === undefined || place === base,
      () => `batch ${attempt.id} stands at ${place} and again at ${base}`,
    )
    this.#places.set(attempt.id, base)
    if (known?.strength === 'durable') return
    const sinceMs = known?.sinceMs ?? nowMs
    this.#promises.set(offset, { attempt, index, strength, sinceMs })
  }

  /** What lies before a log start that nobody has asked for must be past its time. */
  #checkExpiry(logStartOffset: number): void {
    const { rules, time } = this.#options
    if (logStartOffset <= this.#mayStartAt || rules.mayExpireBySize) return
    this.#check(
      rules.retentionMs !== null,
      () => `the log starts at ${logStartOffset}, though only records before ${this.#mayStartAt} were deleted`,
    )
    // Of a compacted segment the largest timestamp may be that of a record that is still there.
    if (rules.isCompacted) return
    for (const [offset, { attempt }] of this.#promises) {
      const isGone = offset >= this.#mayStartAt && offset < logStartOffset
      this.#check(
        !isGone || time.latestWallMs() - attempt.timestampMs > rules.retentionMs!,
        () => `offset ${offset} has expired after ${time.latestWallMs() - attempt.timestampMs} ms`,
      )
    }
  }

  #moveStart(logStartOffset: number): void {
    if (logStartOffset <= this.#logStartOffset) return
    this.#logStartOffset = logStartOffset
    for (const offset of this.#promises.keys()) if (offset < logStartOffset) this.#promises.delete(offset)
  }

  #check(condition: boolean, message: () => string): asserts condition {
    if (!condition) throw new ContractViolation(`${this.label}: ${message()}`)
  }
}

function how({ attempt, strength }: RecordPromise): string {
  return attempt.state === 'acknowledged' ? `acknowledged (acks=${attempt.acks}, ${strength})` : 'seen'
}

function hasTombstoneOf({ keys, tombstones }: Attempt, key: string): boolean {
  return keys.some((of, index) => of === key && tombstones.has(index))
}
