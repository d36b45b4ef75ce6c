/**
 * The other half of the outbox: brings its rows to the log, in their order, one batch at a time, and marks them once the log
 * has them on disk. Killed between send and mark it sends again after the restart: twice on the log, one effect, thanks to
 * the readers' inbox. A broker that is away is waited for, for ever; no row is ever given up.
 *
 * Of several instances on one database one relays, so rows never overtake each other. One that wakes up late may send again what
 * another has sent meanwhile: also twice on the log, one effect.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { toRecord } from '../contracts/envelope.ts'
import { backoffMs } from './backoff.ts'
import type { KitTables } from './database.ts'
import { type ClientSettings, clientOptions, kafkaErrorText } from './kafka.ts'
import type { Lease } from './lease.ts'
import { markSent, placeOf, readBacklog, readUnsent } from './outbox.ts'
import { placesOf } from './places.ts'
import type { Position } from './position.ts'
import { Waiters } from './waiters.ts'

const batchRows = 500
/** A nudge starts the relay at once; this is for rows of another instance, or of one that died. */
const idlePollMs = 50
/** While another instance relays. */
const anothersTurnMs = 500

export type RelayStatus = { connected: boolean; pending: number; oldestPendingMs: number; lastError?: string }

export class Relay {
  readonly #database: Kysely<KitTables>
  readonly #client: ClientSettings
  readonly #logger: Logger
  readonly #lease: Lease
  readonly #stopping = new AbortController()
  readonly #waiters = new Waiters<Position>()
  #wake: (() => void) | undefined
  #nudged = false
  #producer: Producer | undefined
  #lastError: string | undefined
  #running: Promise<void> | undefined

  constructor(options: {
    database: Kysely<KitTables>
    client: ClientSettings
    logger: Logger
    /** Held by the one instance that relays. */
    lease: Lease
  }) {
    this.#database = options.database
    this.#client = options.client
    this.#logger = options.logger
    this.#lease = options.lease
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Call it after a transaction that published. */
  nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  /** @returns where the log has this event, on disk; undefined if that takes longer */
  whenPublished(eventId: string, timeoutMs: number): Promise<Position | undefined> {
    return this.#waiters.wait(eventId, { timeoutMs, look: () => placeOf(this.#database, eventId) })
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
    let failures = 0
    try {
      while (!this.#stopping.signal.aborted) {
        try {
          this.#nudged = false
          if (!(await this.#lease.hold())) {
            await delay(anothersTurnMs, undefined, { signal: this.#stopping.signal })
            continue
          }
          const sent = await this.#relayBatch()
          if (failures > 0) this.#logger.info('the log takes events again')
          failures = 0
          this.#lastError = undefined
          if (sent === 0) await this.#idle()
        } catch (error) {
          if (this.#stopping.signal.aborted) break
          failures += 1
          this.#lastError = kafkaErrorText(error)
          if (failures === 1)
            this.#logger.warn({ reason: this.#lastError }, 'the log does not take events; keeping them')
          await this.#dropProducer()
          await delay(backoffMs(failures), undefined, { signal: this.#stopping.signal }).catch(ignoreAbort)
        }
      }
    } finally {
      await this.#dropProducer()
      await this.#lease.release().catch(error => this.#logger.debug({ err: error }, 'releasing the lease failed'))
    }
  }

  async #relayBatch(): Promise<number> {
    const rows = await readUnsent(this.#database, batchRows)
    if (rows.length === 0) return 0
    const source = `/${this.#client.clientId}`
    this.#producer ??= new Producer(clientOptions(this.#client))
    const partitions: number[] = []
    const { offsets = [] } = await this.#producer.send({
      acks: ProduceAcks.ALL,
      idempotent: true,
      partitioner: (message, key) => {
        const number = compatibilityPartitioner(message, key)
        partitions.push(number)
        return number
      },
      messages: rows.map(({ topic, event }) => toRecord(topic, { ...event, source })),
    })
    const topics = rows.map(row => row.topic)
    const metadata = await this.#producer.metadata({ topics: [...new Set(topics)] })
    const partitionCounts = new Map([...metadata.topics].map(([name, topic]) => [name, topic.partitionsCount]))
    const places = placesOf({ topics, partitions, partitionCounts, bases: offsets })
    await markSent(this.#database, rows, { places, now: new Date() })
    for (const [index, row] of rows.entries()) this.#waiters.tell(row.event.id, places[index]!)
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
