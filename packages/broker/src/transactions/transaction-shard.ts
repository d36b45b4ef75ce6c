/**
 * The transactional ids of one partition of `__transaction_state`: loaded from its log, then served from memory.
 *
 * A change counts when it is durable; until then the id is busy and takes no other. The order that everything rests on:
 *
 *   Ongoing durable → records may be written → the end (Prepare…) durable → answered → markers durable everywhere → Complete… in the log
 *
 * So there are never records of a transaction that nobody knows of, and an end that was answered comes to be, whatever happens: who finds
 * a Prepare… in the log writes the markers (again). Complete… counts as soon as the log has it: losing it costs nothing but that.
 */

import { KafkaError } from '@ottla/protocol'
import { StateLog, type StateStorage, type TransactionMarker } from '../coordinators/state-log.ts'
import { assert } from '../groups/assert.ts'
import type { Logger } from '../logger.ts'
import type { Clock } from '../time/clock.ts'
import type { Timer, Timers } from '../time/timers.ts'
import { complete, isEnding, type TopicPartition, type Transaction } from './transaction.ts'
import { decodeTransactionRecord, encodeTransactionRecord, type TransactionRecord } from './transaction-records.ts'

/** loading → active or unavailable; any → stopped */
type ShardState = 'loading' | 'active' | 'unavailable' | 'stopped'

export interface TransactionShardContext {
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /**
   * Writes the end of a transaction into one partition; resolves when it is durable, or is not needed any more since the partition is
   * gone. Rejects with what hinders it at present.
   */
  writeMarker(partition: TopicPartition, marker: TransactionMarker): Promise<void>
}

export interface TransactionEntry {
  /** What counts; null until the first value is durable. */
  readonly transaction: Transaction | null
  /** What is on its way to the disk; null for a deletion and for nothing. */
  readonly pending: Transaction | null
  /** Neither is a change on its way, nor an end being written. */
  readonly isIdle: boolean
}

/** What could not be written is tried again after this time. */
const retryMs = 1_000

class Entry implements TransactionEntry {
  transaction: Transaction | null = null
  pending: Transaction | null = null
  isChanging = false
  /** Monotonic: when the transaction that is open began. */
  openSinceMs = 0
  readonly waiters = new Set<() => void>()

  get isIdle(): boolean {
    return !this.isChanging && (this.transaction === null || !isEnding(this.transaction))
  }

  notify(): void {
    if (this.isIdle) for (const wake of [...this.waiters]) wake()
  }
}

export class TransactionShard {
  readonly #context: TransactionShardContext
  readonly #log: StateLog<TransactionRecord>
  readonly #entries = new Map<string, Entry>()
  readonly #retries = new Set<Timer>()
  #state: ShardState = 'loading'
  #loaded: Promise<void> | null = null

  constructor({ log, context }: { log: StateStorage; context: TransactionShardContext }) {
    const { clock, logger } = context
    this.#context = context
    const format = { encode: encodeTransactionRecord, decode: decodeTransactionRecord }
    this.#log = new StateLog({ log, format, clock, logger })
  }

  get isLoading(): boolean {
    return this.#state === 'loading'
  }

  /** @throws KafkaError COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE */
  assertActive(): void {
    if (this.#state === 'loading') throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS')
    if (this.#state !== 'active' || this.#log.isOffline) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
  }

  /** Reads the log, once; ends that were decided are written after it. Never rejects. */
  load(): Promise<void> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  find(transactionalId: string): TransactionEntry | undefined {
    this.assertActive()
    return this.#entries.get(transactionalId)
  }

  *transactions(): Iterable<Transaction> {
    for (const { transaction } of this.#entries.values()) if (transaction !== null) yield transaction
  }

  /** Those that are open for longer than they may be. */
  timedOut(): Transaction[] {
    if (this.#state !== 'active') return []
    const nowMs = this.#context.timers.nowMs()
    const result: Transaction[] = []
    for (const { transaction, isIdle, openSinceMs } of this.#entries.values()) {
      if (transaction?.state === 'Ongoing' && isIdle && nowMs - openSinceMs > transaction.timeoutMs)
        result.push(transaction)
    }
    return result
  }

  /** Resolves when no change of the id is under way any more, or when the time is over. */
  whenIdle(transactionalId: string, maxWaitMs: number): Promise<void> {
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined || entry.isIdle) return Promise.resolve()
    return new Promise(resolve => {
      const wake = (): void => {
        timer.cancel()
        entry.waiters.delete(wake)
        resolve()
      }
      const timer = this.#context.timers.after(maxWaitMs, wake)
      entry.waiters.add(wake)
    })
  }

  /**
   * Stores the next value; it counts when this resolves. After the decision to end a transaction its markers are on their way.
   * @throws KafkaError what a client may be told when it could not be stored: then nothing has changed
   */
  change(next: Transaction): Promise<void> {
    this.assertActive()
    const { transactionalId } = next
    let entry = this.#entries.get(transactionalId)
    if (entry === undefined) {
      entry = new Entry()
      this.#entries.set(transactionalId, entry)
    }
    return this.#store(transactionalId, entry, next)
  }

  /** Forgets an id that is idle. */
  async forget(transactionalId: string): Promise<void> {
    this.assertActive()
    const entry = this.#entries.get(transactionalId)
    if (entry?.isIdle) await this.#store(transactionalId, entry, null)
  }

  /** Whoever waits goes on and finds the shard stopped. What is stored stays. */
  stop(): void {
    this.#state = 'stopped'
    for (const timer of this.#retries) timer.cancel()
    for (const { waiters } of this.#entries.values()) for (const wake of [...waiters]) wake()
  }

  #store(transactionalId: string, entry: Entry, value: Transaction | null): Promise<void> {
    assert(entry.isIdle, `transactional id ${transactionalId} is changed while it is busy`)
    entry.isChanging = true
    entry.pending = value
    return new Promise((resolve, reject) => {
      this.#log.append([{ transactionalId, value }], error => {
        entry.isChanging = false
        entry.pending = null
        if (error === undefined) {
          this.#apply(transactionalId, entry, value)
          resolve()
        } else {
          if (entry.transaction === null) this.#entries.delete(transactionalId)
          reject(error)
        }
        entry.notify()
      })
    })
  }

  #apply(transactionalId: string, entry: Entry, value: Transaction | null): void {
    const former = entry.transaction
    entry.transaction = value
    if (value === null) this.#entries.delete(transactionalId)
    else if (isEnding(value)) void this.#writeEnd(entry, value)
    else if (value.state === 'Ongoing' && former?.state !== 'Ongoing') entry.openSinceMs = this.#context.timers.nowMs()
  }

  /** Never rejects. Goes on until all is written or the shard is stopped. */
  async #writeEnd(entry: Entry, transaction: Transaction): Promise<void> {
    const { producerId, producerEpoch, transactionalId } = transaction
    const result = transaction.state === 'PrepareCommit' ? 'commit' : 'abort'
    const marker = { producerId, producerEpoch, coordinatorEpoch: this.#log.leaderEpoch, result } as const
    let partitions = listOf(transaction)
    while (this.#state === 'active') {
      const failures = await this.#writeMarkers(partitions, marker)
      if (this.#state !== 'active') return
      partitions = failures.map(({ partition }) => partition)
      const [failure] = failures
      const error = failure === undefined ? this.#appendComplete(entry, transaction) : failure.error
      if (error === undefined) return
      this.#context.logger.warn(
        { transactionalId, result, partition: failure?.partition, err: error },
        'the end of a transaction can not be written yet: trying again',
      )
      await this.#pause()
    }
  }

  async #writeMarkers(
    partitions: readonly TopicPartition[],
    marker: TransactionMarker,
  ): Promise<{ partition: TopicPartition; error: unknown }[]> {
    const failures: { partition: TopicPartition; error: unknown }[] = []
    await Promise.all(
      partitions.map(partition =>
        this.#context.writeMarker(partition, marker).catch((error: unknown) => {
          if (error instanceof KafkaError && error.errorName === 'INVALID_PRODUCER_EPOCH') {
            // Somebody has used the producer's id with a higher epoch and without a transaction, which only works where this one has
            // written nothing.
            this.#context.logger.warn({ ...partition, err: error }, 'a partition of a transaction has nothing to end')
          } else failures.push({ partition, error })
        }),
      ),
    )
    return failures
  }

  /** Returns why it could not be appended. */
  #appendComplete(entry: Entry, transaction: Transaction): KafkaError | undefined {
    const { transactionalId } = transaction
    const value = complete(transaction, this.#context.clock.now())
    let isAppended = false
    let refusal: KafkaError | undefined
    this.#log.append([{ transactionalId, value }], error => {
      // Lost later: a restart finds the decision and writes the same markers again, or a newer value that was stored behind it.
      if (!isAppended) refusal = error
    })
    isAppended = true
    if (refusal !== undefined) return refusal
    entry.transaction = value
    entry.notify()
    return undefined
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = this.#context.timers.after(retryMs, () => {
        this.#retries.delete(timer)
        resolve()
      })
      this.#retries.add(timer)
    })
  }

  async #load(): Promise<void> {
    const { logger } = this.#context
    const { partition } = this.#log
    try {
      await this.#log.replay({
        record: ({ transactionalId, value }) => {
          if (this.#state !== 'loading') throw new KafkaError('NOT_COORDINATOR', 'stopped while loading')
          this.#restore(transactionalId, value)
        },
      })
    } catch (error) {
      if (this.#state !== 'loading') return
      logger.error({ partition, err: error }, 'the transactions of a partition could not be loaded')
      this.#entries.clear()
      this.#state = 'unavailable'
      return
    }
    if (this.#state !== 'loading') return
    this.#state = 'active'
    for (const entry of this.#entries.values()) {
      const { transaction } = entry
      if (transaction === null) continue
      if (isEnding(transaction)) void this.#writeEnd(entry, transaction)
      else if (transaction.state === 'Ongoing') this.#resumeTimeout(entry, transaction)
    }
    if (this.#entries.size > 0) logger.info({ partition, transactionalIds: this.#entries.size }, 'transactions loaded')
  }

  #restore(transactionalId: string, value: Transaction | null): void {
    if (value === null) {
      this.#entries.delete(transactionalId)
      return
    }
    const entry = this.#entries.get(transactionalId) ?? new Entry()
    entry.transaction = value
    this.#entries.set(transactionalId, entry)
  }

  /** The wall clock says how long it has been open; if that clock was set meanwhile, at most that its time is over. */
  #resumeTimeout(entry: Entry, { startMs, timeoutMs }: Transaction): void {
    const { clock, timers } = this.#context
    const openForMs = Math.min(Math.max(clock.now() - startMs, 0), timeoutMs)
    entry.openSinceMs = timers.nowMs() - openForMs
  }
}

function listOf({ partitions }: Transaction): TopicPartition[] {
  return Array.from(partitions, ([topic, ids]) => Array.from(ids, partition => ({ topic, partition }))).flat()
}
