/** A partition's log in memory: keeps what is appended for the next one who reads it. A test can make it slow, full, or lose its tail. */

import { defaultLogConfig } from '@ottla/log'
import { KafkaError, RecordBatch } from '@ottla/protocol'
import type { StateStorage } from '../coordinators/state-log.ts'

type Callback = (error?: KafkaError) => void

export class MemoryLog implements StateStorage {
  readonly topic = '__consumer_offsets'
  readonly partition = 0
  readonly config = defaultLogConfig
  isOffline = false
  readonly leaderEpoch = 0
  readonly logStartOffset = 0
  logEndOffset = 0
  /** Refuses appends, as a full disk does. */
  isFull = false
  /** Writes wait for `completeWrites`. */
  isSlow = false
  #batches: Buffer[] = []
  #waiting: { offset: number; callback: Callback }[] = []

  append(records: Buffer): ReturnType<StateStorage['append']> {
    if (this.isFull) throw new KafkaError('KAFKA_STORAGE_ERROR', 'no room')
    const batch = new RecordBatch(Buffer.from(records))
    batch.setBaseOffset(this.logEndOffset)
    this.#batches.push(batch.buffer)
    const baseOffset = this.logEndOffset
    this.logEndOffset = batch.nextOffset
    return {
      baseOffset,
      lastOffset: batch.lastOffset,
      nextOffset: batch.nextOffset,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      isDuplicate: false,
    }
  }

  whenDurable(offset: number, callback: Callback): void {
    this.#waiting.push({ offset, callback })
    if (!this.isSlow) this.completeWrites()
  }

  /** Everything is durable. */
  completeWrites(): void {
    for (const { callback } of this.#waiting.splice(0)) callback()
  }

  /** What is not durable is lost. */
  loseWrites(): void {
    const lost = this.#waiting.splice(0)
    if (lost.length === 0) return
    const end = Math.min(...lost.map(({ offset }) => offset))
    this.#batches = this.#batches.filter(buffer => new RecordBatch(buffer).nextOffset < end)
    const last = this.#batches.at(-1)
    this.logEndOffset = last === undefined ? 0 : new RecordBatch(last).nextOffset
    for (const { callback } of lost) callback(new KafkaError('KAFKA_STORAGE_ERROR', 'lost'))
  }

  async flush(): Promise<void> {
    this.completeWrites()
  }

  read({ fromOffset }: { fromOffset: number }): ReturnType<StateStorage['read']> {
    const records = this.#batches.filter(buffer => new RecordBatch(buffer).baseOffset >= fromOffset)
    const sizeInBytes = records.reduce((sum, { length }) => sum + length, 0)
    const { logEndOffset } = this
    return {
      records,
      sizeInBytes,
      highWatermark: logEndOffset,
      lastStableOffset: logEndOffset,
      logStartOffset: 0,
      logEndOffset,
    } as Awaited<ReturnType<StateStorage['read']>>
  }
}
