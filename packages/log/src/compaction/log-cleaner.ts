/**
 * Compaction of all logs of a data directory, one after the other, the filthiest first: plans here, has the labour done by a Cleaner,
 * and has each log put the result in place. What was done is noted in `cleaner-offset-checkpoint` when a log's pass is complete; a pass
 * that is interrupted is begun anew and loses nothing.
 *
 * A log that can't be compacted (damage, no room on the disk) is left as it is, said once, and tried again later.
 */

import { KafkaError } from '@ottla/protocol'
import type { Clock, Logger } from '../environment.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import type { LogSegment } from '../log-segment.ts'
import type { PartitionLog } from '../partition-log.ts'
import { removeCleaned } from '../segment-swap.ts'
import { StorageError } from '../storage-error.ts'
import { type CleanablePart, findCleanablePart, groupSegments } from './cleanable.ts'
import type { LastOfProducer } from './cleaned-batch.ts'
import type { Cleaner } from './cleaner.ts'

/** After a failure a log has that much rest. */
const restAfterFailureMs = 300_000

export interface LogCleanerOptions {
  logs: () => Iterable<PartitionLog>
  cleaner: Cleaner
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  /** No record batch is unpacked to more than that. */
  maxDecompressedBytes: number
  /** `log.cleaner.dedupe.buffer.size` */
  mapBytes: number
  /** `log.cleaner.io.buffer.load.factor` */
  mapLoadFactor: number
  /** `log.cleaner.io.max.bytes.per.second` */
  maxBytesPerSecond: number
  /** Makes the logs' `cleanedOffset` durable. */
  storeCleanedOffsets: () => Promise<void>
}

export class LogCleaner {
  readonly #options: LogCleanerOptions
  readonly #stop = new AbortController()
  readonly #restingUntilMs = new WeakMap<PartitionLog, number>()
  #round: Promise<void> | undefined

  constructor(options: LogCleanerOptions) {
    this.#options = options
  }

  /** Compacts whatever is due; joins a round that is under way. Rejects with a StorageError when the checkpoint can't be stored. */
  run(): Promise<void> {
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  /** Interrupts what is under way, for good. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#round?.catch(() => undefined) // told to whoever ran it
  }

  async #run(): Promise<void> {
    const { cleaner } = this.#options
    try {
      for (let next = await this.#filthiest(); next && !this.#stop.signal.aborted; next = await this.#filthiest()) {
        const { log, part } = next
        let isDone = false
        await log.compact(async signal => {
          isDone = await this.#clean(log, part, AbortSignal.any([signal, this.#stop.signal]))
        })
        if (isDone) await this.#options.storeCleanedOffsets()
        else this.#rest(log)
      }
    } finally {
      await cleaner.close()
    }
  }

  async #filthiest(): Promise<{ log: PartitionLog; part: CleanablePart } | undefined> {
    const nowMs = this.#options.clock.now()
    let best: { log: PartitionLog; part: CleanablePart } | undefined
    for (const log of this.#options.logs()) {
      if (!log.config.cleanupCompact || log.isOffline || (this.#restingUntilMs.get(log) ?? 0) > nowMs) continue
      try {
        const part = await findCleanablePart(log, nowMs)
        if (part?.isDue && part.dirtyRatio >= (best?.part.dirtyRatio ?? 0)) best = { log, part }
      } catch (error) {
        this.#report(log, error)
      }
    }
    return best
  }

  /** False when the pass could not be completed. */
  async #clean(log: PartitionLog, part: CleanablePart, signal: AbortSignal): Promise<boolean> {
    const { cleaner, clock, logger } = this.#options
    const startedMs = clock.now()
    const before = log.sizeInBytes
    try {
      // What these have written last may be lost yet; then what they wrote before would count, and be gone.
      const lastOfProducers = log.lastOfProducers()
      await log.flush()
      signal.throwIfAborted()
      const { knownEndOffset } = await cleaner.begin(this.#taskFor(log, part, startedMs), signal)
      const segments = part.segments.filter(({ baseOffset }) => baseOffset < knownEndOffset)
      for (const group of await this.#group(log, segments, part.endOffset)) {
        if (!(await this.#cleanGroup(log, group, { lastOfProducers, signal }))) return false
      }
      log.noteCleaned(knownEndOffset)
      const { topic, partition, sizeInBytes } = log
      const tookMs = clock.now() - startedMs
      logger.info(
        { topic, partition, upTo: knownEndOffset, bytesBefore: before, bytesAfter: sizeInBytes, tookMs },
        'compacted',
      )
      return true
    } catch (error) {
      if (!signal.aborted) this.#report(log, error)
      return false
    }
  }

  async #cleanGroup(
    log: PartitionLog,
    group: readonly LogSegment[],
    { lastOfProducers, signal }: { lastOfProducers: ReadonlyMap<number, LastOfProducer>; signal: AbortSignal },
  ): Promise<boolean> {
    const { cleaner, fileSystem } = this.#options
    const [first] = group
    if (!first) throw new Error('a group has segments')
    const { baseOffset, directory } = first
    const sources = group.map(({ baseOffset, sizeInBytes }) => ({ baseOffset, sizeInBytes }))
    let isInPlace = false
    try {
      const cleaned = await cleaner.cleanGroup(
        { sources, lastOfProducers: producersIn(lastOfProducers, baseOffset) },
        signal,
      )
      signal.throwIfAborted()
      isInPlace = await log.replaceSegments(group, cleaned)
      return isInPlace
    } finally {
      // An exchange that failed on disk is left for the next start to finish or to take back.
      if (!isInPlace && !log.isOffline) await removeCleaned({ fileSystem, directory }, baseOffset)
    }
  }

  #taskFor(log: PartitionLog, { segments, firstDirtyOffset, endOffset }: CleanablePart, nowMs: number) {
    const { maxDecompressedBytes, mapBytes, mapLoadFactor, maxBytesPerSecond } = this.#options
    return {
      directory: segments[0]!.directory,
      config: log.config,
      sources: segments.map(({ baseOffset, sizeInBytes }) => ({ baseOffset, sizeInBytes })),
      abortedTransactions: log.abortedTransactionsBelow(endOffset),
      firstDirtyOffset,
      endOffset,
      nowMs,
      maxDecompressedBytes,
      mapBytes,
      mapLoadFactor,
      maxBytesPerSecond,
    }
  }

  async #group(log: PartitionLog, segments: readonly LogSegment[], endOffset: number): Promise<LogSegment[][]> {
    const { fileSystem } = this.#options
    const { segmentBytes, segmentIndexBytes } = log.config
    const measured = await Promise.all(
      segments.map(async segment => {
        const [index, timeIndex] = await Promise.all([
          fileSystem.stat(segment.filePath('index')),
          fileSystem.stat(segment.filePath('timeindex')),
        ])
        return { segment, indexSizeInBytes: Math.max(index?.sizeInBytes ?? 0, timeIndex?.sizeInBytes ?? 0) }
      }),
    )
    return groupSegments(measured, { endOffset, segmentBytes, segmentIndexBytes })
  }

  #rest(log: PartitionLog): void {
    this.#restingUntilMs.set(log, this.#options.clock.now() + restAfterFailureMs)
  }

  #report(log: PartitionLog, error: unknown): void {
    this.#rest(log)
    const { topic, partition } = log
    // A bug shows where it is.
    const reason = error instanceof StorageError || error instanceof KafkaError ? error.message : error
    this.#options.logger.error(
      { topic, partition, error: reason },
      'the log could not be compacted: it stays as it is, and is tried again in five minutes',
    )
  }
}

/** Those whose last batches are not all below the offset. */
function producersIn(
  lastOfProducers: ReadonlyMap<number, LastOfProducer>,
  fromOffset: number,
): Map<number, LastOfProducer> {
  const isIn = ({ lastOffsets }: LastOfProducer) =>
    lastOffsets.length === 0 || lastOffsets.some(offset => offset >= fromOffset)
  return new Map([...lastOfProducers].filter(([, last]) => isIn(last)))
}
