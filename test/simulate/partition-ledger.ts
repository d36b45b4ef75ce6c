/**
 * What the outside world was promised about one partition: the contract, kept apart from the product. Whatever was acknowledged or
 * shown to a consumer has to be there again after every crash, at the same offset and with the same content, until its owner deletes it.
 */

import type { RecordBatch } from '@ottla/protocol'

/** One record batch as a producer sent it. */
export interface Attempt {
  readonly id: number
  readonly values: readonly string[]
  readonly acks: -1 | 0 | 1
  /** `refused`: the answer says that it was not stored, and that is final. Everything but `acknowledged` may or may not be there. */
  state: 'sent' | 'acknowledged' | 'refused'
}

interface RecordPromise {
  readonly attempt: Attempt
  /** Of the record in its batch. */
  readonly index: number
  /** `written`: acknowledged with acks=1, which a loss of power may take back. */
  readonly strength: 'written' | 'durable'
}

export interface LogOffsets {
  readonly highWatermark: number
  readonly logStartOffset: number
}

export class ContractViolation extends Error {
  override readonly name = 'ContractViolation'
}

export class PartitionLedger {
  readonly #label: () => string
  readonly #attempts: ReadonlyMap<number, Attempt>
  readonly #promises = new Map<number, RecordPromise>()
  /** Where each attempt stands, once known: nothing is stored twice. */
  readonly #places = new Map<number, number>()
  #highWatermark = 0
  /** What was answered: the log never begins before it again. */
  #logStartOffset = 0
  /** The largest offset that anyone has asked to delete up to, or retention may have. */
  #mayStartAt = 0
  #leaderEpoch = 0
  #mayExpire = false

  constructor({ label, attempts }: { label: () => string; attempts: ReadonlyMap<number, Attempt> }) {
    this.#label = label
    this.#attempts = attempts
  }

  get label(): string {
    return this.#label()
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get promiseCount(): number {
    return this.#promises.size
  }

  /** Retention may move the log start from now on. */
  allowExpiry(): void {
    this.#mayExpire = true
  }

  acknowledged(attempt: Attempt, baseOffset: number): void {
    attempt.state = 'acknowledged'
    const strength = attempt.acks === 1 ? 'written' : 'durable'
    attempt.values.forEach((_, index) => {
      this.#promise(baseOffset + index, { attempt, index, strength })
    })
  }

  /** A consumer got this batch. */
  seen(batch: RecordBatch): void {
    let index = 0
    for (const record of batch.records({ maxDecompressedBytes: 1024 * 1024 })) {
      const value = record.value?.toString() ?? ''
      const attempt = this.#attempts.get(Number(value.slice(0, value.indexOf(':'))))
      this.#check(
        attempt !== undefined && attempt.values.indexOf(value) >= 0,
        () => `offset ${record.offset} holds ${JSON.stringify(value)}, which nobody sent here`,
      )
      this.#check(
        attempt.values[index] === value,
        () => `offset ${record.offset} holds record ${value} out of its order in the batch`,
      )
      this.#check(
        attempt.state !== 'refused',
        () => `offset ${record.offset} holds a batch that was refused for good: ${value}`,
      )
      this.#promise(record.offset, { attempt, index, strength: 'durable' })
      index++
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
    this.#check(
      this.#mayExpire || logStartOffset <= this.#mayStartAt,
      () => `the log starts at ${logStartOffset}, though only records before ${this.#mayStartAt} were deleted`,
    )
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
    }
  }

  /** Compares with all that the partition has, read from its start to its end. */
  verify(found: readonly RecordBatch[], { logStartOffset, highWatermark }: LogOffsets): void {
    this.observedOffsets({ logStartOffset, highWatermark })
    let offset = logStartOffset
    for (const batch of found) {
      this.#check(batch.isCrcValid(), () => `the batch at ${batch.baseOffset} does not fit its CRC`)
      this.#check(
        batch.baseOffset === offset || (offset === logStartOffset && batch.baseOffset < offset),
        () => `offset ${offset} is missing, ${batch.baseOffset} follows`,
      )
      this.seen(batch)
      offset = batch.nextOffset
    }
    this.#check(offset >= highWatermark, () => `the high watermark is ${highWatermark}, but records end at ${offset}`)
    for (const [promised, { attempt, strength }] of this.#promises) {
      this.#check(
        promised < offset || promised < logStartOffset,
        () =>
          `offset ${promised} was ${attempt.state === 'acknowledged' ? `acknowledged (acks=${attempt.acks}, ${strength})` : 'seen'}, but the log ends at ${offset}`,
      )
    }
  }

  #promise(offset: number, promise: RecordPromise): void {
    if (offset < this.#logStartOffset) return
    const { attempt, index } = promise
    const base = offset - index
    const known = this.#promises.get(offset)
    this.#check(
      known === undefined || (known.attempt === attempt && known.index === index),
      () => `offset ${offset} was ${known!.attempt.values[known!.index]}, now it is ${attempt.values[index]}`,
    )
    const place = this.#places.get(attempt.id)
    this.#check(
      place === undefined || place === base,
      () => `batch ${attempt.id} stands at ${place} and again at ${base}`,
    )
    this.#places.set(attempt.id, base)
    if (known?.strength !== 'durable') this.#promises.set(offset, promise)
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
