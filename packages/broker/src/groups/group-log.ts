/**
 * One partition of `__consumer_offsets`: what the groups of a shard must remember, in Kafka's records. A change is one batch, so
 * that it is stored whole or not at all; `done` is called when it is durable, never before.
 */

import type { PartitionLog } from '@ottla/log'
import { buildRecordBatch, KafkaError, MalformedMessageError, recordBatches } from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import type { Clock } from '../time/clock.ts'
import { coordinatorError } from './coordinator-error.ts'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from './group-records.ts'

const readBytes = 1024 * 1024
const maxDecompressedBytes = 64 * 1024 * 1024

/** What is used of a partition's log. */
export type GroupStorage = Pick<
  PartitionLog,
  | 'topic'
  | 'partition'
  | 'config'
  | 'isOffline'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'append'
  | 'whenDurable'
  | 'flush'
  | 'read'
>

export interface GroupLogOptions {
  log: GroupStorage
  clock: Clock
  logger: Logger
}

export class GroupLog {
  readonly #log: GroupStorage
  readonly #clock: Clock
  readonly #logger: Logger

  constructor({ log, clock, logger }: GroupLogOptions) {
    this.#log = log
    this.#clock = clock
    this.#logger = logger
  }

  get partition(): number {
    return this.#log.partition
  }

  get isOffline(): boolean {
    return this.#log.isOffline
  }

  /**
   * Appends the records as one batch.
   * @param done called exactly once: when the batch is durable, or with what a client may be told when it was not stored.
   * Calls come in the order of the appends, and may come before `append` returns.
   */
  append(records: readonly GroupRecord[], done: (error?: KafkaError) => void): void {
    const timestamp = this.#clock.now()
    const batch = buildRecordBatch({
      baseOffset: 0,
      records: records.map(record => ({ timestamp, headers: [], ...encodeGroupRecord(record) })),
    })
    let nextOffset: number
    try {
      if (batch.length > this.#log.config.maxMessageBytes) {
        throw new KafkaError(
          'MESSAGE_TOO_LARGE',
          `a record batch of ${batch.length} bytes is too large for the log of groups`,
        )
      }
      nextOffset = this.#log.append(batch, { origin: 'coordinator' }).nextOffset
    } catch (error) {
      done(coordinatorError(error))
      return
    }
    this.#log.whenDurable(nextOffset, error => done(error && coordinatorError(error)))
  }

  /** Everything appended so far is durable when it resolves. Rejects with what a client may be told. */
  flush(): Promise<void> {
    return this.#log.flush().catch(error => {
      throw coordinatorError(error)
    })
  }

  /**
   * Reads the log from its beginning to its end and hands over every change, oldest first.
   * @throws KafkaError KAFKA_STORAGE_ERROR when it can't be read
   */
  async replay(apply: (record: GroupRecord) => void): Promise<void> {
    const log = this.#log
    let fromOffset = log.logStartOffset
    while (fromOffset < log.logEndOffset) {
      const { records } = await log.read({ fromOffset, maxBytes: readBytes, minOneBatch: true, isolation: 'logEnd' })
      const startOffset = fromOffset
      for (const buffer of records) {
        for (const batch of recordBatches(buffer)) {
          fromOffset = batch.nextOffset
          if (batch.isControl) continue
          if (batch.isTransactional) {
            this.#skip(batch.baseOffset, 'it belongs to a transaction')
            continue
          }
          for (const record of batch.records({ maxDecompressedBytes })) this.#apply(record, apply)
        }
      }
      if (fromOffset === startOffset)
        throw new KafkaError('KAFKA_STORAGE_ERROR', `nothing to read at offset ${fromOffset}`)
    }
  }

  #apply(
    record: { offset: number; key: Buffer | null; value: Buffer | null },
    apply: (record: GroupRecord) => void,
  ): void {
    let decoded: GroupRecord | null
    try {
      decoded = decodeGroupRecord(record)
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      this.#skip(record.offset, error.message)
      return
    }
    if (decoded === null) this.#skip(record.offset, 'it is of a kind that this version does not know')
    else apply(decoded)
  }

  #skip(offset: number, reason: string): void {
    const { topic, partition } = this.#log
    this.#logger.warn({ topic, partition, offset, reason }, 'a record of the log of groups is passed over')
  }
}
