/**
 * The way of appended bytes to the disk, for one partition. In memory everything has happened already when an operation gets here;
 * the writer makes it true on disk, in order, one round after another:
 *
 *   queue   [batch][batch][roll][batch] ...          filled by appends, synchronously
 *   round   takes up to 16 MiB from the front:       write -> flush (fdatasync, new names: sync of the directory) -> report
 *
 * Only one round is under way, so whatever is not flushed yet lies within the last 16 MiB of the log: recovery builds on that bound.
 *
 * A write that fails because the disk is full takes back everything that is not written, and the log goes on when there is room.
 * Any other failure, and every failure to flush, is final for this partition (a page may be lost although the next flush succeeds).
 */

import type { Flushable, Flusher } from './flusher.ts'
import type { LogSegment, SegmentMark } from './log-segment.ts'
import type { ProducerEntry } from './producer-state.ts'
import { StorageError } from './storage-error.ts'
import type { UnwrittenBytes } from './unwritten-bytes.ts'

/** No more than this is written and not flushed at any time, but for one batch that is larger. */
export const maxUnflushedBytes = 16 * 1024 * 1024

export interface BatchOperation {
  kind: 'batch'
  bytes: Buffer
  baseOffset: number
  /** Exclusive. */
  endOffset: number
  segment: LogSegment
  /** How to take it back. */
  segmentBefore: SegmentMark
  producerId: number
  producerBefore: ProducerEntry | undefined
}

export interface RollOperation {
  kind: 'roll'
  closed: LogSegment
  opened: LogSegment
  /** The producer state at the new base offset. */
  snapshot: Buffer
}

export type WriteOperation = BatchOperation | RollOperation

/** What the writer needs of its log. */
export interface WrittenLog {
  readonly durability: 'fsync' | 'os'
  /** Writes what has to be there before the next batches are: the leader epochs. */
  writeMetadata(): Promise<void>
  /** Stores a segment's end for good and creates the next one. */
  closeSegment(roll: RollOperation): Promise<void>
  /** Removes what a roll that could not be finished left behind. */
  abandonRoll(roll: RollOperation): Promise<void>
  /** Makes the names of new files durable. */
  flushNames(): Promise<void>
  onWritten(endOffset: number): void
  onFlushed(endOffset: number): void
  /** Undoes these, newest last, in memory: they never came to be. */
  takeBack(operations: WriteOperation[], error: StorageError): void
  onFailure(error: StorageError): void
}

export interface LogWriterOptions {
  log: WrittenLog
  flusher: Flusher
  unwritten: UnwrittenBytes
  /** Exclusive, of what is in the file. */
  endOffset: number
}

export class LogWriter implements Flushable {
  readonly #log: WrittenLog
  readonly #flusher: Flusher
  readonly #unwritten: UnwrittenBytes
  /** This log's part of them. */
  #unwrittenBytes = 0
  #queue: WriteOperation[] = []
  #writtenEndOffset: number
  #isRoundUnderWay = false
  #hasFailed = false
  #idleCallbacks: (() => void)[] = []

  constructor({ log, flusher, unwritten, endOffset }: LogWriterOptions) {
    this.#log = log
    this.#flusher = flusher
    this.#unwritten = unwritten
    this.#writtenEndOffset = endOffset
  }

  /** What lies below is in the file. Exclusive. */
  get writtenEndOffset(): number {
    return this.#writtenEndOffset
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0
  }

  enqueue(operation: WriteOperation): void {
    if (operation.kind === 'batch') this.#count(operation.bytes.length)
    this.#queue.push(operation)
    if (this.#queue.length === 1) this.#flusher.schedule(this)
  }

  /** Resolves when nothing is queued or under way, be it stored or failed. */
  async whenIdle(): Promise<void> {
    if (!this.hasQueued && !this.#isRoundUnderWay) return
    await new Promise<void>(resolve => this.#idleCallbacks.push(resolve))
  }

  async storeQueued(): Promise<void> {
    if (this.#hasFailed) return
    this.#isRoundUnderWay = true
    try {
      await this.#round()
    } catch (error) {
      this.#fail(asStorageError(error))
    } finally {
      this.#isRoundUnderWay = false
      if (!this.hasQueued) for (const callback of this.#idleCallbacks.splice(0)) callback()
    }
  }

  async #round(): Promise<void> {
    const operations = this.#takeRound()
    const beganMs = performance.now()
    let done = 0
    let batches = 0
    let bytes = 0
    let lastSegment: LogSegment | undefined
    try {
      await this.#log.writeMetadata()
      while (done < operations.length) {
        const first = operations[done]!
        if (first.kind === 'roll') {
          await this.#log.closeSegment(first)
          done++
        } else {
          const group = batchesOfOneSegment(operations, done)
          await writeBatches(group)
          const groupBytes = sizeOf(group)
          this.#count(-groupBytes)
          batches += group.length
          bytes += groupBytes
          done += group.length
          lastSegment = first.segment
          this.#reportWritten(group.at(-1)!.endOffset)
        }
      }
    } catch (error) {
      const storageError = asStorageError(error)
      if (!isOutOfSpace(storageError)) throw error
      await this.#takeBack(operations.slice(done), storageError)
    }
    if (done === 0) return
    const endOffset = this.#writtenEndOffset
    if (this.#log.durability === 'fsync') await this.#flush(lastSegment)
    this.#flusher.stats.note({ durationMs: performance.now() - beganMs, batches, bytes })
    this.#log.onFlushed(endOffset)
  }

  async #flush(segment: LogSegment | undefined): Promise<void> {
    if (segment) await segment.useFile(file => file.datasync())
    await this.#log.flushNames()
  }

  #takeRound(): WriteOperation[] {
    let sizeInBytes = 0
    let count = 0
    for (const operation of this.#queue) {
      if (operation.kind === 'batch') sizeInBytes += operation.bytes.length
      if (count > 0 && sizeInBytes > maxUnflushedBytes) break
      count++
    }
    return count === this.#queue.length ? this.#queue.splice(0) : this.#queue.splice(0, count)
  }

  #reportWritten(endOffset: number): void {
    this.#writtenEndOffset = endOffset
    this.#log.onWritten(endOffset)
  }

  /**
   * The disk is full: nothing that is not written comes to be, and the bytes that are partly written are cut off again. That is flushed
   * here: the next flush may never come, and behind a clean stop nobody looks for a torn tail.
   */
  async #takeBack(unwritten: WriteOperation[], error: StorageError): Promise<void> {
    const first = unwritten[0]!
    this.#count(-this.#unwrittenBytes)
    this.#log.takeBack([...unwritten, ...this.#queue.splice(0)], error)
    if (first.kind === 'roll') return this.#log.abandonRoll(first)
    await first.segment.useFile(async file => {
      await file.truncate(first.segmentBefore.sizeInBytes)
      await file.datasync()
    })
  }

  #fail(error: StorageError): void {
    this.#hasFailed = true
    this.#queue = []
    this.#count(-this.#unwrittenBytes)
    this.#log.onFailure(error)
  }

  #count(bytes: number): void {
    this.#unwrittenBytes += bytes
    this.#unwritten.add(bytes)
  }
}

function batchesOfOneSegment(operations: WriteOperation[], from: number): BatchOperation[] {
  const group: BatchOperation[] = []
  for (let i = from; i < operations.length; i++) {
    const operation = operations[i]!
    if (operation.kind === 'roll') break
    group.push(operation)
  }
  return group
}

function sizeOf(group: readonly BatchOperation[]): number {
  return group.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

async function writeBatches(group: BatchOperation[]): Promise<void> {
  const { segment, segmentBefore } = group[0]!
  const buffers = group.map(operation => operation.bytes)
  await segment.useFile(file => file.write(buffers, segmentBefore.sizeInBytes))
  let sizeInBytes = segmentBefore.sizeInBytes
  for (const buffer of buffers) sizeInBytes += buffer.length
  segment.writtenBytes = sizeInBytes
}

/** A flush that fails never says so: File.datasync rejects with a code of its own. */
function isOutOfSpace(error: StorageError): boolean {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT'
}

function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  throw error
}
