/**
 * One partition of a coordinator's topic (`__consumer_offsets`, `__transaction_state`): what its shard must remember, in Kafka's records.
 * A change is one batch, so that it is stored whole or not at all; `done` is called when it is durable, never before. Records may belong
 * to a producer's transaction: they count once its marker says so.
 */

import type { PartitionLog } from '@ottla/log'
import {
  buildEndTransactionMarker,
  buildRecordBatch,
  KafkaError,
  MalformedMessageError,
  type RecordBatch,
  recordBatches,
  type TransactionResult,
  transactionResultOf,
} from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import type { Clock } from '../time/clock.ts'
import { coordinatorError } from './coordinator-error.ts'

const readBytes = 1024 * 1024
const maxDecompressedBytes = 64 * 1024 * 1024

/** What is used of a partition's log. */
export type StateStorage = Pick<
  PartitionLog,
  | 'topic'
  | 'partition'
  | 'config'
  | 'isOffline'
  | 'leaderEpoch'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'append'
  | 'whenDurable'
  | 'flush'
  | 'read'
>

/** How the records of a topic are written. */
export interface StateFormat<R> {
  encode(record: R): { key: Buffer; value: Buffer | null }
  /**
   * @returns null for kinds that this version does not keep
   * @throws MalformedMessageError
   */
  decode(record: { key: Buffer | null; value: Buffer | null }): R | null
}

/** Where a record stands. */
export interface RecordPlace {
  readonly offset: number
  /** The producer in whose open transaction it is; null for one that counts at once. */
  readonly producerId: number | null
}

export interface TransactionMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly result: TransactionResult
}

export interface StateReplay<R> {
  record(record: R, place: RecordPlace): void
  endTransaction?(producerId: number, result: TransactionResult): void
}

export interface StateLogOptions<R> {
  readonly log: StateStorage
  readonly format: StateFormat<R>
  readonly clock: Clock
  readonly logger: Logger
}

/** `baseOffset` is that of the first record; without meaning beside an error. */
export type Stored = (error: KafkaError | undefined, baseOffset: number) => void

export class StateLog<R> {
  readonly #log: StateStorage
  readonly #format: StateFormat<R>
  readonly #clock: Clock
  readonly #logger: Logger

  constructor({ log, format, clock, logger }: StateLogOptions<R>) {
    this.#log = log
    this.#format = format
    this.#clock = clock
    this.#logger = logger
  }

  get partition(): number {
    return this.#log.partition
  }

  get isOffline(): boolean {
    return this.#log.isOffline
  }

  get leaderEpoch(): number {
    return this.#log.leaderEpoch
  }

  /**
   * Appends the records as one batch, in the open transaction of `producer` if there is one.
   * @param done called exactly once: when the batch is durable, or with what a client may be told when it was not stored.
   * Calls come in the order of the appends, and may come before `append` returns.
   */
  append(
    records: readonly R[],
    done: Stored,
    producer: { readonly producerId: number; readonly producerEpoch: number } | null = null,
  ): void {
    const timestamp = this.#clock.now()
    const batch = buildRecordBatch({
      baseOffset: 0,
      records: records.map(record => ({ timestamp, headers: [], ...this.#format.encode(record) })),
      ...(producer && { producerId: producer.producerId, producerEpoch: producer.producerEpoch, transactional: true }),
    })
    if (batch.length > this.#log.config.maxMessageBytes) {
      const message = `a record batch of ${batch.length} bytes is too large for ${this.#log.topic}`
      done(coordinatorError(new KafkaError('MESSAGE_TOO_LARGE', message)), -1)
      return
    }
    this.#append(batch, done)
  }

  /** Appends the marker that ends a producer's transaction; `done` as above. */
  appendMarker(marker: TransactionMarker, done: Stored): void {
    this.#append(buildEndTransactionMarker({ baseOffset: 0, timestamp: this.#clock.now(), ...marker }), done)
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
  async replay(replay: StateReplay<R>): Promise<void> {
    const log = this.#log
    let fromOffset = log.logStartOffset
    while (fromOffset < log.logEndOffset) {
      const { records } = await log.read({ fromOffset, maxBytes: readBytes, minOneBatch: true, isolation: 'logEnd' })
      const startOffset = fromOffset
      for (const buffer of records) {
        for (const batch of recordBatches(buffer)) {
          fromOffset = batch.nextOffset
          this.#replayBatch(batch, replay)
        }
      }
      if (fromOffset === startOffset)
        throw new KafkaError('KAFKA_STORAGE_ERROR', `nothing to read at offset ${fromOffset}`)
    }
  }

  #append(batch: Buffer, done: Stored): void {
    let appended: ReturnType<StateStorage['append']>
    try {
      appended = this.#log.append(batch, { origin: 'coordinator' })
    } catch (error) {
      done(coordinatorError(error), -1)
      return
    }
    this.#log.whenDurable(appended.nextOffset, error => done(error && coordinatorError(error), appended.baseOffset))
  }

  #replayBatch(batch: RecordBatch, replay: StateReplay<R>): void {
    const producerId = batch.isTransactional ? batch.producerId : null
    for (const record of batch.records({ maxDecompressedBytes })) {
      if (batch.isControl) {
        const result = transactionResultOf(record.key)
        if (result !== null) replay.endTransaction?.(batch.producerId, result)
        continue
      }
      const decoded = this.#decode(record)
      if (decoded !== null) replay.record(decoded, { offset: record.offset, producerId })
    }
  }

  #decode(record: { offset: number; key: Buffer | null; value: Buffer | null }): R | null {
    try {
      const decoded = this.#format.decode(record)
      if (decoded === null) this.#skip(record.offset, 'it is of a kind that this version does not know')
      return decoded
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      this.#skip(record.offset, error.message)
      return null
    }
  }

  #skip(offset: number, reason: string): void {
    const { topic, partition } = this.#log
    this.#logger.warn({ topic, partition, offset, reason }, 'a record of a coordinator is passed over')
  }
}
