/**
 * The transaction coordinator: finds the shard of a transactional id, creates `__transaction_state` when it is first needed, loads what is
 * there at start, aborts transactions that are open for too long, and forgets ids that nobody has used for long.
 *
 * A request that finds its id busy waits a moment before it is told CONCURRENT_TRANSACTIONS: the end of the transaction before is being
 * written, which takes less than the client's pause would.
 */

import { type ErrorName, KafkaError } from '@ottla/protocol'
import { partitionOfKey } from '../coordinators/partition-of-key.ts'
import type { StateStorage, TransactionMarker } from '../coordinators/state-log.ts'
import { assert } from '../groups/assert.ts'
import {
  addPartitions,
  assertIsProducer,
  assertMayInitialise,
  fence,
  includes,
  initialise,
  judgeEnd,
  needsProducerIdToEnd,
  needsProducerIdToInitialise,
  newTransaction,
  type Producer,
  prepareEnd,
  producerOf,
  type TopicPartition,
  type Transaction,
  type TransactionEnd,
} from './transaction.ts'
import { TransactionShard, type TransactionShardContext } from './transaction-shard.ts'

export const transactionTopicName = '__transaction_state'

export interface TransactionSettings {
  /** `transaction.max.timeout.ms` */
  readonly maxTimeoutMs: number
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms` */
  readonly timeoutCheckIntervalMs: number
  /** `transactional.id.expiration.ms` */
  readonly idExpirationMs: number
  /** `transaction.remove.expired.transaction.cleanup.interval.ms` */
  readonly expirationCheckIntervalMs: number
  /** `add.partitions.to.txn.retry.backoff.max.ms`: how long a request waits for an id that is busy. */
  readonly maxWaitMs: number
}

export interface TransactionCoordinatorOptions extends TransactionShardContext {
  readonly settings: TransactionSettings
  /** The level of the feature `transaction.version`. */
  readonly version: () => number
  readonly producerIds: { next(): Promise<number> }
  readonly topic: {
    /** The logs of all partitions of `__transaction_state` in their order; null while the topic does not exist. */
    logs(): readonly StateStorage[] | null
    /** Creates it; resolves when `logs` has it. */
    create(): Promise<void>
  }
}

/** What a producer says of itself. */
export interface ProducerClaim {
  readonly transactionalId: string
  readonly producer: Producer
}

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  #shards: readonly TransactionShard[] | null = null
  #started: Promise<void> | null = null
  #creation: Promise<void> | null = null
  readonly #upkeep = new Set<{ cancel(): void }>()
  #isStopped = false

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
  }

  /** Loads what is stored, once. Resolves when all is loaded or found unreadable; never rejects. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Resolves when the logs are not read any more. Ends that were decided are written at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#upkeep) timer.cancel()
    for (const shard of this.shards) shard.stop()
    await this.#started
  }

  /** All shards, loaded or not. */
  get shards(): readonly TransactionShard[] {
    return this.#shards ?? []
  }

  /** The shard of an id, for requests that may be the first. @throws KafkaError COORDINATOR_NOT_AVAILABLE */
  async shard(transactionalId: string): Promise<TransactionShard> {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    if (this.#shards === null) {
      this.#creation ??= this.#create().finally(() => {
        this.#creation = null
      })
      await this.#creation
    }
    return this.#existingShard(transactionalId)
  }

  /**
   * A producer begins to work under its id. Who did before is fenced; what that one had open is aborted, and the client is to ask again.
   * @param request.expected what the producer has, if it goes on after an error (KIP-360)
   * @throws KafkaError INVALID_TRANSACTION_TIMEOUT, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED
   */
  async initialise(request: {
    transactionalId: string
    timeoutMs: number
    expected: Producer | null
  }): Promise<Producer> {
    const { transactionalId, timeoutMs, expected } = request
    const { settings, producerIds, version } = this.#options
    if (timeoutMs <= 0 || timeoutMs > settings.maxTimeoutMs) throw new KafkaError('INVALID_TRANSACTION_TIMEOUT')
    const shard = await this.shard(transactionalId)
    let nextProducerId: number | null = null
    for (;;) {
      await shard.whenIdle(transactionalId, settings.maxWaitMs)
      const entry = shard.find(transactionalId)
      if (entry?.isIdle === false) throw new KafkaError('CONCURRENT_TRANSACTIONS')
      const known = entry?.transaction ?? null
      const nowMs = this.#options.clock.now()
      if (known === null && nextProducerId === null) {
        nextProducerId = await producerIds.next()
        continue
      }
      const current = known ?? newTransaction(transactionalId, nextProducerId!)
      assertMayInitialise(current, expected)
      if (current.state === 'Ongoing') {
        await shard.change(fence(current, { version: version(), nowMs }))
        throw new KafkaError('CONCURRENT_TRANSACTIONS', 'The transaction that was open is being aborted')
      }
      if (nextProducerId === null && needsProducerIdToInitialise(current, expected)) {
        nextProducerId = await producerIds.next()
        continue
      }
      const next = initialise(current, { timeoutMs, expected, nextProducerId, nowMs })
      await shard.change(next)
      return producerOf(next)
    }
  }

  /**
   * The producer may write into the partitions when this resolves.
   * @param request.clientVersion the transaction.version that the client knows
   * @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  async addPartitions(
    request: ProducerClaim & { partitions: readonly TopicPartition[]; clientVersion: number },
  ): Promise<void> {
    const { transactionalId, producer, partitions, clientVersion } = request
    const shard = this.#existingShard(transactionalId)
    await shard.whenIdle(transactionalId, this.#options.settings.maxWaitMs)
    const entry = shard.find(transactionalId)
    // First: the producer may use an epoch or an id already that counts when the end before is written.
    if (entry?.isIdle === false) throw new KafkaError('CONCURRENT_TRANSACTIONS')
    const current = existing(entry?.transaction)
    assertIsProducer(current, producer)
    if (includes(current, partitions)) return
    await shard.change(addPartitions(current, { partitions, clientVersion, nowMs: this.#options.clock.now() }))
  }

  /**
   * Whether the producer may write into the partition now. Synchronous, so that it can be asked in the very turn in which is written:
   * the marker that ends the transaction can't come in between.
   * @returns what hinders it, null if nothing does
   */
  whyNotWritable({
    transactionalId,
    producer,
    partition,
  }: ProducerClaim & { partition: TopicPartition }): ErrorName | null {
    try {
      const entry = this.#existingShard(transactionalId).find(transactionalId)
      const current = existing(entry?.transaction)
      assertIsProducer(current, producer)
      const isOngoing = current.state === 'Ongoing' && (entry?.pending == null || entry.pending.state === 'Ongoing')
      if (!isOngoing && entry?.isIdle === false) return 'CONCURRENT_TRANSACTIONS'
      return includes(current, [partition]) ? null : 'TRANSACTION_ABORTABLE'
    } catch (error) {
      if (error instanceof KafkaError) return error.errorName
      throw error
    }
  }

  /**
   * Ends the transaction; when this resolves, that is decided. Its markers are on their way.
   * @returns id and epoch with which the producer goes on
   * @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE
   */
  async end(request: ProducerClaim & { end: TransactionEnd; clientVersion: number }): Promise<Producer> {
    const { transactionalId, end, clientVersion } = request
    const { settings, producerIds, clock } = this.#options
    const shard = this.#existingShard(transactionalId)
    let nextProducerId: number | null = null
    for (;;) {
      await shard.whenIdle(transactionalId, settings.maxWaitMs)
      const entry = shard.find(transactionalId)
      const current = existing(entry?.transaction)
      if (judgeEnd(current, request, entry?.isIdle === false) === 'repeat') return producerOf(current)
      if (nextProducerId === null && needsProducerIdToEnd(current, clientVersion)) {
        nextProducerId = await producerIds.next()
        continue
      }
      const next = prepareEnd(current, { end, clientVersion, nextProducerId, nowMs: clock.now() })
      await shard.change(next)
      return producerOf(next)
    }
  }

  /**
   * Ends a transaction in one partition, whatever its id's state; resolves when that is durable.
   * @throws KafkaError what hinders it
   */
  async writeMarker(partition: TopicPartition, marker: TransactionMarker): Promise<void> {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    await this.#options.writeMarker(partition, marker)
  }

  /** Of one id. @throws KafkaError TRANSACTIONAL_ID_NOT_FOUND, NOT_COORDINATOR */
  describe(transactionalId: string): Transaction {
    const transaction = this.#existingShard(transactionalId).find(transactionalId)?.transaction
    if (transaction == null) throw new KafkaError('TRANSACTIONAL_ID_NOT_FOUND')
    return transaction
  }

  /** To be called in the turn in which a topic is deleted. Who deletes this one deletes all transactions; the next one begins it anew. */
  topicDeleted(topic: string): void {
    if (topic !== transactionTopicName) return
    for (const shard of this.shards) shard.stop()
    this.#shards = null
  }

  /** A log that a full disk kept offline since the start is open now: its transactions are loaded from it. Resolves when that is done. */
  async logReturned(log: StateStorage): Promise<void> {
    if (this.#shards === null || this.#isStopped) return
    const shard = new TransactionShard({ log, context: this.#options })
    this.#shards[log.partition]?.stop()
    this.#shards = this.#shards.with(log.partition, shard)
    // Not before the ones of the start: who stops waits for all that read.
    this.#started = Promise.all([this.#started, shard.load()]).then(() => undefined)
    await this.#started
  }

  /** One round of upkeep: aborts what is open for longer than its producer asked for. */
  async abortTimedOut(): Promise<void> {
    const { clock, version, logger } = this.#options
    for (const shard of this.shards) {
      const abort = (transaction: Transaction): Promise<void> => {
        const { transactionalId, timeoutMs } = transaction
        logger.info({ transactionalId, timeoutMs }, 'a transaction is aborted: its time is over')
        return this.#keepUp(() => shard.change(fence(transaction, { version: version(), nowMs: clock.now() })))
      }
      await Promise.all(shard.timedOut().map(abort))
    }
  }

  /** One round of upkeep: forgets ids that nobody has used for `transactional.id.expiration.ms`; never one with an open transaction. */
  async expire(): Promise<void> {
    const { clock, settings } = this.#options
    const isExpired = ({ state, lastUpdateMs }: Transaction): boolean =>
      (state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort') &&
      clock.now() - lastUpdateMs >= settings.idExpirationMs
    for (const shard of this.shards) {
      if (shard.isLoading) continue
      const expired = [...shard.transactions()].filter(isExpired)
      await Promise.all(expired.map(({ transactionalId }) => this.#keepUp(() => shard.forget(transactionalId))))
    }
  }

  #existingShard(transactionalId: string): TransactionShard {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    if (this.#shards === null) throw new KafkaError('NOT_COORDINATOR')
    const shard = this.#shards[partitionOfKey(transactionalId, this.#shards.length)]
    assert(shard !== undefined, `${transactionTopicName} has no partitions`)
    return shard
  }

  async #start(): Promise<void> {
    const { settings, logger } = this.#options
    this.#schedule(settings.timeoutCheckIntervalMs, () => this.abortTimedOut())
    this.#schedule(settings.expirationCheckIntervalMs, () => this.expire())
    try {
      await this.#open()
    } catch (error) {
      // Asked for a transactional id, the coordinator tries again.
      logger.error({ err: error }, 'the transactions that are stored could not be opened')
    }
  }

  async #create(): Promise<void> {
    this.#options.logger.info({ topic: transactionTopicName }, 'creating the topic that keeps transactions')
    await this.#options.topic.create()
    await this.#open()
    if (this.#shards === null) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
  }

  async #open(): Promise<void> {
    const logs = this.#options.topic.logs()
    if (logs === null || this.#shards !== null) return
    const shards = logs.map(log => new TransactionShard({ log, context: this.#options }))
    this.#shards = shards
    for (const shard of shards) await shard.load()
  }

  #schedule(intervalMs: number, work: () => Promise<void>): void {
    const timer = this.#options.timers.after(intervalMs, () => {
      this.#upkeep.delete(timer)
      void work().then(() => {
        if (!this.#isStopped) this.#schedule(intervalMs, work)
      })
    })
    this.#upkeep.add(timer)
  }

  /** What can't be done now is done the next time. */
  async #keepUp(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#options.logger.warn({ err: error }, 'upkeep of transactions has to wait')
    }
  }
}

function existing(transaction: Transaction | null | undefined): Transaction {
  if (transaction == null) throw new KafkaError('INVALID_PRODUCER_ID_MAPPING')
  return transaction
}
