/**
 * A data directory with all its partition logs: opening (and recovering) them at the start, creating and deleting, upkeep from time to
 * time, and closing so that the next start needs no scan.
 *
 * The order that crashes must not break:
 *   start:   lock -> identity -> clean marker removed, directory synced -> logs opened -> boot noted -> anything may be written
 *   create:  partition's files -> its directory synced -> data directory synced -> answered
 *   delete:  forgotten by the checkpoints -> renamed, data directory synced -> answered -> files removed later
 *   stop:    logs stored -> checkpoints -> clean marker written, directory synced -> lock released
 *
 * Longer than other files because these orders stand in one place.
 */

import { randomBytes as systemRandomBytes } from 'node:crypto'
import { type PreparedBackup, prepareBackup } from './backup/prepare-backup.ts'
import { coalesce, mapLimited } from './coalesce.ts'
import { CleanerInPlace } from './compaction/cleaner.ts'
import { CleanerThread } from './compaction/cleaner-thread.ts'
import { LogCleaner } from './compaction/log-cleaner.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { identifyDirectory, noteBoot, readBoot, takeDirectory } from './directory-identity.ts'
import { replaceFile } from './durable-file.ts'
import { systemClock, systemTimers, type Timer } from './environment.ts'
import {
  cleanShutdownFileName,
  deletedDirectoryName,
  deletedDirectorySuffix,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  type TopicPartition,
} from './file-names.ts'
import type { DiskSpace, Lock } from './file-system/file-system.ts'
import { nodeFileSystem } from './file-system/node-file-system.ts'
import type { FlushStats } from './flush-stats.ts'
import { Flusher } from './flusher.ts'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import type { LogDirectoryOptions } from './log-directory-options.ts'
import type { SegmentContext } from './log-segment.ts'
import type { MetaProperties } from './meta-properties.ts'
import { OffsetCheckpoints, readCleanedOffsets, readLogStartOffsets, readRecoveryPoints } from './offset-checkpoints.ts'
import { OpenFiles } from './open-files.ts'
import { createPartitionFiles, emptyContent } from './partition-creation.ts'
import { PartitionLog } from './partition-log.ts'
import { type FoundAtStart, PartitionOpening } from './partition-opening.ts'
import { isWithoutRoom, PartitionsWithoutRoom } from './partitions-without-room.ts'
import { StorageError } from './storage-error.ts'
import { TailCache } from './tail-cache.ts'
import { UnwrittenBytes } from './unwritten-bytes.ts'

/** Work on many small files is done this many at a time. */
const maxConcurrentFiles = 16

export class LogDirectory {
  readonly path: string
  readonly clusterId: string
  readonly directoryId: string
  /** Whether the last stop was clean; a new directory counts as such. */
  readonly wasCleanStop: boolean
  readonly #lock: Lock
  readonly #context: LogContext
  readonly #options: LogDirectoryOptions
  readonly #randomBytes: (count: number) => Buffer
  readonly #checkpoints: OffsetCheckpoints
  readonly #cleaner: LogCleaner
  readonly #syncDirectory: () => Promise<void>
  readonly #logs = new Map<string, PartitionLog>()
  /** Names of partitions that are being created or deleted. */
  readonly #changing = new Set<string>()
  /** Logs that are deleted, by the name of their directory, which the disk has not let go of yet. */
  readonly #unfinishedDeletions = new Map<string, PartitionLog>()
  /** Of logs that could not be opened: kept as they were. */
  readonly #formerRecoveryPoints: Map<string, number>
  readonly #background = new Set<Promise<void>>()
  readonly #timers = new Map<string, Timer>()
  #withoutRoom: PartitionsWithoutRoom | undefined
  #returnListener: (log: PartitionLog) => void = () => undefined
  #closing: Promise<void> | undefined

  /**
   * Takes the directory (creating it where it is missing) and opens every log in it; a log that can't be opened is there as offline.
   * Rejects with a StorageError that says what is wrong with the directory as a whole and what to do.
   */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { fileSystem = nodeFileSystem, path, nodeId = 1, clusterId, randomBytes = systemRandomBytes } = options
    const lock = await takeDirectory(fileSystem, path)
    try {
      const identity = await identifyDirectory(fileSystem, path, { nodeId, clusterId, randomBytes })
      const entries = await fileSystem.list(path)
      const hasMarker = entries.some(({ name }) => name === cleanShutdownFileName)
      const names = entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name)
      const boot = readBoot(fileSystem, path)
      const directory = new LogDirectory(options, {
        lock,
        identity,
        wasCleanStop: hasMarker || !names.some(parsePartitionDirectoryName),
        recoveryPoints: readRecoveryPoints(fileSystem, options),
      })
      if (hasMarker) await fileSystem.remove(`${path}/${cleanShutdownFileName}`)
      // What a killed process has renamed and not synced counts from here on, too: it is about to be shown.
      await fileSystem.syncDirectory(path)
      await directory.#openLogs(names, {
        ...boot,
        wasCleanStop: directory.wasCleanStop,
        recoveryPoints: directory.#formerRecoveryPoints,
        logStartOffsets: readLogStartOffsets(fileSystem, path),
        cleanedOffsets: readCleanedOffsets(fileSystem, options),
      })
      // A log that could not be opened has not been checked: the next start must not take it for whole.
      if ([...directory.logs()].every(log => !log.isOffline)) await noteBoot(fileSystem, path)
      directory.#startUpkeep()
      return directory
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(
    options: LogDirectoryOptions,
    found: { lock: Lock; identity: MetaProperties; wasCleanStop: boolean; recoveryPoints: Map<string, number> },
  ) {
    const { path, logger, fileSystem = nodeFileSystem, clock = systemClock, timers = systemTimers } = options
    this.path = path
    this.clusterId = found.identity.clusterId
    this.directoryId = found.identity.directoryId
    this.wasCleanStop = found.wasCleanStop
    this.#lock = found.lock
    this.#options = options
    this.#randomBytes = options.randomBytes ?? systemRandomBytes
    this.#formerRecoveryPoints = found.recoveryPoints
    this.#syncDirectory = coalesce(() => fileSystem.syncDirectory(path))
    this.#checkpoints = new OffsetCheckpoints({
      fileSystem,
      path,
      recoveryPoints: () => this.#checkpointEntries(log => this.#recoveryPointOf(log)),
      logStartOffsets: () => this.#checkpointEntries(log => log.logStartOffsetToStore),
      cleanedOffsets: () => this.#checkpointEntries(log => log.cleanedOffset),
    })
    this.#context = {
      fileSystem,
      clock,
      random: options.random ?? Math.random,
      timers,
      logger,
      openFiles: new OpenFiles({ fileSystem, maxOpen: options.maxOpenFiles ?? 1000 }),
      tailCache: new TailCache({ budgetBytes: options.tailCacheBytes ?? 32 * 1024 * 1024 }),
      flusher: new Flusher({ maxRunning: options.maxConcurrentFlushes ?? 3, defer: options.defer }),
      unwritten: new UnwrittenBytes({ maxBytes: options.maxUnwrittenBytes ?? 1024 * 1024 * 1024 }),
      reads: new ConcurrencyLimit({ maxRunning: options.maxConcurrentReads ?? 3 }),
      durability: options.durability ?? 'fsync',
      maxDecompressedBytes: options.maxDecompressedBytes ?? 64 * 1024 * 1024,
      producerIdExpirationMs: options.producerIdExpirationMs ?? 86_400_000,
      storeLogStartOffsets: this.#checkpoints.storeLogStartOffsets,
    }
    const { cleaner: { dedupeBufferBytes, loadFactor, maxBytesPerSecond } = {} } = options
    this.#cleaner = new LogCleaner({
      ...this.#context,
      logs: () => this.#logs.values(),
      // Another file system than the real one can't be seen by another thread.
      cleaner: options.fileSystem ? new CleanerInPlace(fileSystem) : new CleanerThread(),
      mapBytes: dedupeBufferBytes ?? 128 * 1024 * 1024,
      mapLoadFactor: loadFactor ?? 0.9,
      maxBytesPerSecond: maxBytesPerSecond ?? Number.POSITIVE_INFINITY,
      storeCleanedOffsets: this.#checkpoints.storeCleanedOffsets,
    })
  }

  logs(): Iterable<PartitionLog> {
    return this.#logs.values()
  }

  /** Of all logs, since the start. */
  get flushStats(): FlushStats {
    return this.#context.flusher.stats
  }

  /** Of the disk that the directory is on. Rejects with a StorageError. */
  diskSpace(): Promise<DiskSpace> {
    return this.#context.fileSystem.diskSpace(this.path)
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionDirectoryName({ topic, partition }))
  }

  /** Calls back with each log that a full disk kept offline at the start, once it is open: `get` gives this one from now on. */
  onReturn(listener: (log: PartitionLog) => void): void {
    this.#returnListener = listener
  }

  /** Durable when it resolves. The partition must not exist. Rejects with a StorageError, leaving nothing behind. */
  async create(options: TopicPartition & { topicId: string; config?: LogConfig }): Promise<PartitionLog> {
    const { topic, partition, topicId } = options
    const name = partitionDirectoryName(options)
    if (this.#closing) throw new Error('the data directory is closed')
    if (this.#logs.has(name) || this.#changing.has(name)) throw new Error(`the partition ${name} exists already`)
    const { fileSystem, clock } = this.#context
    const segmentContext = this.#segmentContext(options)
    this.#changing.add(name)
    try {
      await this.#finishDeletion(name)
      await createPartitionFiles(segmentContext, topicId)
      try {
        await this.#syncDirectory()
      } catch (error) {
        await fileSystem.removeDirectory(segmentContext.directory)
        throw error
      }
      const content = emptyContent(segmentContext, clock.now())
      const log = new PartitionLog({ context: this.#context, segmentContext, topic, partition, topicId, content })
      this.#logs.set(name, log)
      return log
    } finally {
      this.#changing.delete(name)
    }
  }

  /**
   * The log is gone for good when it resolves, and its files after `file.delete.delay.ms`. Does nothing where there is no such log. Rejects
   * with a StorageError: then the log is gone, and its directory goes with the next `create` of that name, or the next start.
   */
  async delete(topic: string, partition: number): Promise<void> {
    const name = partitionDirectoryName({ topic, partition })
    const log = this.#logs.get(name)
    if (!log || this.#changing.has(name)) return
    this.#changing.add(name)
    try {
      this.#logs.delete(name)
      this.#formerRecoveryPoints.delete(name)
      this.#unfinishedDeletions.set(name, log)
      await this.#withoutRoom?.letGo(name)
      await log.detach()
      await this.#finishDeletion(name)
    } finally {
      this.#changing.delete(name)
    }
  }

  /** Of a log that is detached. The checkpoints forget it first: what they say must not be taken for a later one's of that name. */
  async #finishDeletion(name: string): Promise<void> {
    const log = this.#unfinishedDeletions.get(name)
    if (!log) return
    const { fileSystem } = this.#context
    const { storeRecoveryPoints, storeLogStartOffsets, storeCleanedOffsets } = this.#checkpoints
    await Promise.all([storeRecoveryPoints(), storeLogStartOffsets(), storeCleanedOffsets()])
    const deletedPath = `${this.path}/${deletedDirectoryName(log, this.#randomBytes(16).toString('hex'))}`
    await fileSystem.rename(`${this.path}/${name}`, deletedPath)
    this.#unfinishedDeletions.delete(name)
    await this.#syncDirectory()
    this.#setTimer(deletedPath, log.config.fileDeleteDelayMs, () => fileSystem.removeDirectory(deletedPath))
  }

  /** Compacts every log that is due. Happens by itself from time to time. */
  compact(): Promise<void> {
    return this.#cleaner.run()
  }

  /**
   * Holds all partitions as they are at this moment, for a copy that starts as a broker (copy-backup.ts). Resolves with where they are
   * held; `discardBackup` lets go of it. Rejects with a StorageError, leaving nothing behind.
   */
  prepareBackup(): Promise<PreparedBackup> {
    if (this.#closing) throw new StorageError('The broker is stopping', { path: this.path })
    const { fileSystem } = this.#context
    return prepareBackup({
      fileSystem,
      path: this.path,
      logs: this.logs(),
      uniqueId: this.#randomBytes(16).toString('hex'),
    })
  }

  async discardBackup({ path }: PreparedBackup): Promise<void> {
    await this.#context.fileSystem.removeDirectory(path)
  }

  /**
   * Retention, forgetting silent producers, recovery points: what otherwise happens by time. A log that fails is reported, and keeps no
   * other from its retention.
   */
  async upkeep(): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      log.expireState()
      try {
        await log.enforceRetention()
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        const { topic, partition } = log
        this.#context.logger.error({ topic, partition, error: error.message }, 'retention could not be enforced')
      }
    }
    await this.#checkpoints.storeRecoveryPoints()
  }

  /**
   * Stores everything and lets go of the directory. Failures are logged, not thrown: they cost the next start a recovery, and no
   * acknowledged record.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    const { fileSystem, openFiles, logger } = this.#context
    await this.#withoutRoom?.stop()
    await this.#cleaner.stop()
    await Promise.all(this.#background)
    try {
      const stored = await mapLimited([...this.#logs.values()], maxConcurrentFiles, log => this.#closeLog(log))
      await Promise.all([this.#checkpoints.storeRecoveryPoints(), this.#checkpoints.storeLogStartOffsets()])
      // Where anything failed the next start has to look closely.
      if (stored.every(isStored => isStored)) {
        await replaceFile(
          fileSystem,
          `${this.path}/${cleanShutdownFileName}`,
          Buffer.from('{"version":0,"brokerEpoch":-1}'),
        )
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      logger.error(
        { path: this.path, error: error.message },
        'the stop was not clean: the next start will check the logs',
      )
    } finally {
      await openFiles.closeAll()
      await this.#lock.release()
    }
  }

  /** False when the log is not completely stored, or offline. */
  async #closeLog(log: PartitionLog): Promise<boolean> {
    try {
      await log.close()
      return !log.isOffline
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      const { topic, partition } = log
      this.#context.logger.error(
        { topic, partition, error: error.message },
        'a log could not be stored: it will be checked',
      )
      return false
    }
  }

  async #openLogs(names: string[], found: FoundAtStart): Promise<void> {
    const { fileSystem, logger } = this.#context
    for (const name of names.filter(name => name.endsWith(deletedDirectorySuffix))) {
      this.#runInBackground(() => fileSystem.removeDirectory(`${this.path}/${name}`))
    }
    const partitions = names.filter(name => !name.endsWith(deletedDirectorySuffix)).map(parsePartitionDirectoryName)
    const startedMs = this.#context.clock.now()
    const opening = new PartitionOpening(this.#context, found)
    const logs = await mapLimited(
      partitions.filter(found => found !== null),
      maxConcurrentFiles,
      partition => opening.open(partition, this.#segmentContext(partition)),
    )
    for (const log of logs) {
      const name = partitionDirectoryName(log)
      this.#logs.set(name, log)
      if (!log.offlineReason) continue
      logger.error(
        { partition: name, error: log.offlineReason.message },
        isWithoutRoom(log)
          ? 'partition is offline: opening it takes room, and there is none; it comes back by itself when there is'
          : 'partition is offline: it could not be opened',
      )
    }
    this.#withoutRoom = new PartitionsWithoutRoom({
      ...this.#context,
      open: former => opening.open(former, this.#segmentContext(former)),
      replace: log => {
        this.#logs.set(partitionDirectoryName(log), log)
        if (!log.isOffline) this.#returnListener(log)
      },
    })
    this.#withoutRoom.add(logs.filter(isWithoutRoom))
    if (!this.wasCleanStop) {
      const tookMs = this.#context.clock.now() - startedMs
      logger.warn(
        { path: this.path, partitions: logs.length, tookMs },
        'the last stop was not clean: logs were checked',
      )
    }
  }

  #segmentContext(topicPartition: TopicPartition & { config?: LogConfig }): SegmentContext {
    const { fileSystem, openFiles } = this.#context
    const { defaultConfig = defaultLogConfig, configOf } = this.#options
    const config = topicPartition.config ?? { ...defaultConfig, ...configOf?.(topicPartition.topic) }
    return { fileSystem, openFiles, config, directory: `${this.path}/${partitionDirectoryName(topicPartition)}` }
  }

  #recoveryPointOf(log: PartitionLog): number {
    return log.isOffline ? (this.#formerRecoveryPoints.get(partitionDirectoryName(log)) ?? 0) : log.recoveryPoint
  }

  /** Offsets of 0 need no line. */
  #checkpointEntries(offsetOf: (log: PartitionLog) => number) {
    return [...this.#logs.values()]
      .map(log => ({ topic: log.topic, partition: log.partition, offset: offsetOf(log) }))
      .filter(({ offset }) => offset > 0)
  }

  #startUpkeep(): void {
    const { retentionCheckIntervalMs = 300_000, checkpointIntervalMs = 60_000 } = this.#options
    this.#repeat('upkeep', retentionCheckIntervalMs, () => this.upkeep())
    this.#repeat('checkpoint', checkpointIntervalMs, this.#checkpoints.storeRecoveryPoints)
    const { isEnabled = true, backoffMs = 15_000 } = this.#options.cleaner ?? {}
    if (isEnabled) this.#repeat('compaction', backoffMs, () => this.compact())
  }

  #repeat(name: string, intervalMs: number, work: () => Promise<void>): void {
    this.#setTimer(name, intervalMs, async () => {
      try {
        await work()
      } finally {
        if (!this.#closing) this.#repeat(name, intervalMs, work)
      }
    })
  }

  #setTimer(name: string, delayMs: number, work: () => Promise<void>): void {
    const fire = () => {
      this.#timers.delete(name)
      this.#runInBackground(work)
    }
    this.#timers.set(name, this.#context.timers.after(delayMs, fire))
  }

  /** Upkeep that fails is logged and tried again the next time. */
  #runInBackground(work: () => Promise<void>): void {
    const run = work()
      .catch(error => {
        if (!(error instanceof StorageError)) throw error
        this.#context.logger.error({ path: this.path, error: error.message }, 'upkeep failed')
      })
      .finally(() => this.#background.delete(run))
    this.#background.add(run)
  }
}
