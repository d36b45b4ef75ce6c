/**
 * The other half of the outbox: brings its rows to the log, in their order, one batch at a time, and marks them once the log
 * has them on disk. Killed between send and mark it sends again after the restart: twice on the log, one effect, thanks to
 * the readers' inbox. A broker that is away is waited for, for ever; no row is ever given up.
 *
 * Two processes on one database: the second waits for the lock, so rows never overtake each other.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { toRecord } from '../contracts/envelope.ts'
import { backoffMs } from './backoff.ts'
import type { KitTables } from './database.ts'
import { type ClientSettings, clientOptions, kafkaErrorText } from './kafka.ts'
import { acquireLock, type Lock } from './lock.ts'
import { isSent, markSent, readBacklog, readUnsent } from './outbox.ts'
import { Waiters } from './waiters.ts'

const batchRows = 500
/** A nudge starts the relay at once; this is only for rows whose nudge died with a process. */
const idlePollMs = 1000

export type RelayStatus = { connected: boolean; pending: number; oldestPendingMs: number; lastError?: string }

export class Relay {
  readonly #database: Kysely<KitTables>
  readonly #client: ClientSettings
  readonly #logger: Logger
  readonly #lockPath: string
  readonly #stopping = new AbortController()
  readonly #waiters = new Waiters()
  #wake: (() => void) | undefined
  #nudged = false
  #producer: Producer | undefined
  #lastError: string | undefined
  #running: Promise<void> | undefined

  constructor(options: { database: Kysely<KitTables>; client: ClientSettings; logger: Logger; lockPath: string }) {
    this.#database = options.database
    this.#client = options.client
    this.#logger = options.logger
    this.#lockPath = options.lockPath
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Call it after a transaction that published. */
  nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  /** @returns true once the log has this event on disk, false if that takes longer */
  whenPublished(eventId: string, timeoutMs: number): Promise<boolean> {
    return this.#waiters.wait(eventId, { timeoutMs, isThereAlready: () => isSent(this.#database, eventId) })
  }

  async status(now: Date): Promise<RelayStatus> {
    return {
      connected: this.#lastError === undefined,
      ...(await readBacklog(this.#database, now)),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Finishes the batch under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    let lock: Lock | undefined
    let failures = 0
    try {
      lock = await acquireLock(this.#lockPath, this.#stopping.signal)
      while (!this.#stopping.signal.aborted) {
        try {
          this.#nudged = false
          const sent = await this.#relayBatch()
          if (failures > 0) this.#logger.info('the log takes events again')
          failures = 0
          this.#lastError = undefined
          if (sent === 0) await this.#idle()
        } catch (error) {
          failures += 1
          this.#lastError = kafkaErrorText(error)
          if (failures === 1)
            this.#logger.warn({ reason: this.#lastError }, 'the log does not take events; keeping them')
          await this.#dropProducer()
          await delay(backoffMs(failures), undefined, { signal: this.#stopping.signal }).catch(ignoreAbort)
        }
      }
    } catch (error) {
      ignoreAbort(error)
    } finally {
      await this.#dropProducer()
      lock?.release()
    }
  }

  async #relayBatch(): Promise<number> {
    const rows = await readUnsent(this.#database, batchRows)
    if (rows.length === 0) return 0
    const source = `/${this.#client.clientId}`
    this.#producer ??= new Producer(clientOptions(this.#client))
    await this.#producer.send({
      acks: ProduceAcks.ALL,
      idempotent: true,
      partitioner: compatibilityPartitioner,
      messages: rows.map(({ topic, event }) => toRecord(topic, { ...event, source })),
    })
    await markSent(this.#database, rows, new Date())
    for (const row of rows) this.#waiters.tell(row.event.id)
    return rows.length
  }

  async #idle(): Promise<void> {
    if (this.#nudged || this.#stopping.signal.aborted) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, idlePollMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** After a failure the client starts afresh: a new producer id, new connections, nothing half known. */
  async #dropProducer(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close(true).catch(error => this.#logger.debug({ err: error }, 'closing the producer failed'))
  }
}

function ignoreAbort(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error
}
