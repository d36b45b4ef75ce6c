/**
 * `__cluster_metadata-0`: every change of topics and configurations, in KRaft's record formats, in the order in which they
 * happened. It is read from its beginning at each start. One change is one record batch, so that a crash leaves all of it or
 * nothing; it counts when it is durable, never before.
 */

import { type LogConfig, type LogDirectory, type PartitionLog, StorageError } from '@ottla/log'
import { buildRecordBatch, decodeMetadataRecord, type MetadataRecord, recordBatches } from '@ottla/protocol'
import type { Clock } from '../time/clock.ts'
import { clusterMetadataTopic, clusterMetadataTopicId } from './topic-name.ts'

const readBytes = 1024 * 1024
const maxDecompressedBytes = 64 * 1024 * 1024

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
  segmentBytes: 64 * 1024 * 1024,
})

export class MetadataLog {
  readonly #log: PartitionLog
  readonly #clock: Clock
  /** Resolves with the reason if the log goes offline. */
  readonly failed: Promise<StorageError>

  private constructor(log: PartitionLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
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
    baseConfig,
  }: {
    logs: LogDirectory
    clock: Clock
    baseConfig: LogConfig
  }): Promise<MetadataLog> {
    const config = metadataLogConfig(baseConfig)
    const log =
      logs.get(clusterMetadataTopic, 0) ??
      (await logs.create({ topic: clusterMetadataTopic, partition: 0, topicId: clusterMetadataTopicId, config }))
    log.updateConfig(config)
    if (log.offlineReason !== undefined) throw log.offlineReason
    if (log.logStartOffset > 0) {
      throw new StorageError(
        `The metadata log begins at offset ${log.logStartOffset}: what topics there are can't be known without its beginning`,
        { path: `${logs.path}/${clusterMetadataTopic}-0`, code: 'DAMAGED' },
      )
    }
    return new MetadataLog(log, clock)
  }

  /** Where the next change goes. */
  get endOffset(): number {
    return this.#log.logEndOffset
  }

  /** All records there are, in order. */
  async *replay(): AsyncIterable<MetadataRecord> {
    for (let offset = 0; offset < this.#log.logEndOffset; ) {
      const { records } = await this.#log.read({
        fromOffset: offset,
        maxBytes: readBytes,
        minOneBatch: true,
        isolation: 'logEnd',
      })
      const before = offset
      for (const buffer of records) {
        for (const batch of recordBatches(buffer)) {
          offset = batch.nextOffset
          if (batch.isControl) continue
          for (const record of batch.records({ maxDecompressedBytes })) {
            if (record.value !== null) yield decodeMetadataRecord(record.value)
          }
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
  }
}
