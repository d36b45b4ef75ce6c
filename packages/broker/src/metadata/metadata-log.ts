/**
 * `__cluster_metadata-0`: every change of topics and configurations, in KRaft's record formats, in the order in which they
 * happened. It is read at each start: a snapshot of what came before, then the log from there on. One change is one record batch, so
 * that a crash leaves all of it or nothing; it counts when it is durable, never before.
 *
 * A snapshot is there before anything that it stands for goes. Two are kept, and the log back to the older one: one file that rots costs
 * nothing.
 */

import { type LogConfig, type LogDirectory, type PartitionLog, type SnapshotFiles, StorageError } from '@ottla/log'
import { buildRecordBatch, KafkaError, type MetadataRecord, recordBatches } from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import type { Clock } from '../time/clock.ts'
import { decodeSnapshot, encodeSnapshot, metadataRecordsOf } from './metadata-snapshot.ts'
import { clusterMetadataTopic, clusterMetadataTopicId } from './topic-name.ts'

const readBytes = 1024 * 1024
const snapshotsKept = 2

/** Nothing of this log ever expires: it is the only place where it all stands. */
const metadataLogConfig = (base: LogConfig): LogConfig => ({
  ...base,
  cleanupDelete: false,
  cleanupCompact: false,
  compressionType: 'producer',
  maxMessageBytes: 64 * 1024 * 1024,
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampType: 'CreateTime',
  retentionBytes: -1,
  retentionMs: -1,
  segmentBytes: 2 * 1024 * 1024, // what snapshots stand for goes by whole segments
})

interface MetadataLogOptions {
  readonly log: PartitionLog
  readonly clock: Clock
  readonly logger: Logger
  /** Offset of the snapshot to begin with, and what it says; 0 and nothing without one. */
  readonly snapshot: { readonly offset: number; readonly records: readonly MetadataRecord[] }
}

export class MetadataLog {
  readonly #log: PartitionLog
  readonly #clock: Clock
  readonly #logger: Logger
  #snapshot: MetadataLogOptions['snapshot']
  #bytesSinceSnapshot = 0
  #lastTimestamp = -1
  /** Resolves with the reason if the log goes offline. */
  readonly failed: Promise<StorageError>

  private constructor({ log, clock, logger, snapshot }: MetadataLogOptions) {
    this.#log = log
    this.#clock = clock
    this.#logger = logger
    this.#snapshot = snapshot
    this.failed = new Promise(resolve => {
      log.onHighWatermark(() => {
        if (log.offlineReason !== undefined) resolve(log.offlineReason)
      })
    })
  }

  /** @throws StorageError when the log is damaged: nothing is served from metadata that may have a hole. */
  static async open({
    logs,
    clock,
    logger,
    baseConfig,
  }: {
    logs: LogDirectory
    clock: Clock
    logger: Logger
    baseConfig: LogConfig
  }): Promise<MetadataLog> {
    const config = metadataLogConfig(baseConfig)
    const log =
      logs.get(clusterMetadataTopic, 0) ??
      (await logs.create({ topic: clusterMetadataTopic, partition: 0, topicId: clusterMetadataTopicId, config }))
    log.updateConfig(config)
    if (log.offlineReason !== undefined) throw log.offlineReason
    await removeSnapshotsAhead(log, logger)
    const snapshot = await readNewestSnapshot(log, logger)
    if (log.logStartOffset > snapshot.offset) {
      throw new StorageError(
        `The metadata log begins at offset ${log.logStartOffset}, and no snapshot of what came before is left: what topics there are can't be ` +
          'known. Restore the directory from a backup',
        { path: `${logs.path}/${clusterMetadataTopic}-0`, code: 'DAMAGED' },
      )
    }
    return new MetadataLog({ log, clock, logger, snapshot })
  }

  /** Where the next change goes. */
  get endOffset(): number {
    return this.#log.logEndOffset
  }

  /** What is in the log behind the last snapshot. */
  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot
  }

  /** What the newest snapshot says, and all records behind it, in order. Once. */
  async *replay(): AsyncIterable<MetadataRecord> {
    const { offset: fromOffset, records } = this.#snapshot
    this.#snapshot = { offset: fromOffset, records: [] } // not twice in memory
    yield* records
    for (let offset = fromOffset; offset < this.#log.logEndOffset; ) {
      const { records } = await this.#log.read({
        fromOffset: offset,
        maxBytes: readBytes,
        minOneBatch: true,
        isolation: 'logEnd',
      })
      const before = offset
      for (const buffer of records) {
        for (const batch of recordBatches(buffer)) {
          if (batch.nextOffset <= fromOffset) continue
          offset = batch.nextOffset
          this.#account(batch.sizeInBytes, batch.maxTimestamp)
          yield* metadataRecordsOf(batch)
        }
      }
      if (offset === before) throw new Error(`the metadata log gives nothing at offset ${offset}, before its end`)
    }
  }

  /** Appends one change, as framed metadata records; durable when it resolves. Rejects with KafkaError KAFKA_STORAGE_ERROR. */
  async append(values: readonly Buffer[]): Promise<void> {
    const timestamp = this.#clock.now()
    const batch = buildRecordBatch({
      baseOffset: 0,
      records: values.map(value => ({ timestamp, key: null, value, headers: [] })),
    })
    const { nextOffset } = this.#log.append(batch, { origin: 'coordinator' })
    await new Promise<void>((resolve, reject) => {
      this.#log.whenDurable(nextOffset, error => (error ? reject(error) : resolve()))
    })
    this.#account(batch.length, timestamp)
  }

  /**
   * Stores what all records so far come to, and removes what no start needs any more. Only while no change is under way. A disk that
   * refuses is logged, and asked again after as many changes: the log alone is as good, but longer.
   */
  async takeSnapshot(records: Iterable<Buffer>): Promise<void> {
    const { logEndOffset: offset, leaderEpoch, snapshots } = this.#log
    const bytesBefore = this.#bytesSinceSnapshot
    this.#bytesSinceSnapshot = 0
    try {
      const content = encodeSnapshot({ records, lastContainedLogTimestamp: this.#lastTimestamp, leaderEpoch })
      await snapshots.write({ offset, epoch: leaderEpoch }, content)
      await this.#removeBelow(snapshots)
      this.#logger.info({ offset, bytes: content.length, bytesBefore }, 'wrote a snapshot of the metadata')
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#logger.warn({ offset, error: error.message }, 'a snapshot of the metadata could not be stored')
    }
  }

  /** First the log start moves, durably: a snapshot that is not needed is never missed. */
  async #removeBelow(snapshots: SnapshotFiles): Promise<void> {
    const all = await snapshots.list()
    const oldestKept = all[snapshotsKept - 1]
    if (oldestKept === undefined) return
    await this.#log.deleteRecordsBefore(oldestKept.offset)
    await snapshots.remove(all.slice(snapshotsKept))
  }

  #account(bytes: number, timestamp: number): void {
    this.#bytesSinceSnapshot += bytes
    this.#lastTimestamp = Math.max(this.#lastTimestamp, timestamp)
  }
}

/**
 * A power cut may take the end of a log that isn't flushed (`durability`), and not the snapshot behind it. Such a snapshot has to go before the
 * log grows to its offset again, with other changes: from then on it would pass for what they come to.
 */
async function removeSnapshotsAhead({ snapshots, logEndOffset }: PartitionLog, logger: Logger): Promise<void> {
  const ahead = (await snapshots.list()).filter(({ offset }) => offset > logEndOffset)
  if (ahead.length === 0) return
  for (const id of ahead) {
    logger.warn(
      { path: snapshots.path(id), logEndOffset },
      'a snapshot of the metadata is ahead of its log: removing it',
    )
  }
  await snapshots.remove(ahead)
}

/** The newest that is whole; one that is damaged is reported and passed over. */
async function readNewestSnapshot(log: PartitionLog, logger: Logger): Promise<MetadataLogOptions['snapshot']> {
  const { snapshots, logStartOffset } = log
  for (const id of await snapshots.list()) {
    if (id.offset < logStartOffset) continue
    const content = await snapshots.read(id)
    if (content === null) continue
    try {
      return { offset: id.offset, records: decodeSnapshot(content) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error(
        { path: snapshots.path(id), reason },
        'a snapshot of the metadata is damaged: an older one and the log are read instead',
      )
    }
  }
  return { offset: 0, records: [] }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof StorageError || error instanceof KafkaError
}
