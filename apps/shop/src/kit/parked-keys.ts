/**
 * Tries parked events again, in the order of their key: by itself when their time has come, and whenever a person asks.
 * A key is drained until it is empty or its first event fails again; nothing of it is ever tried out of order.
 */
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { kitTables } from './database.ts'
import { recordDecision } from './decisions.ts'
import { enterInbox } from './inbox.ts'
import { failAgain, firstParked, listParkedKeys, readParked, unpark } from './parked.ts'
import { type ReactContext, reactOnce } from './react-once.ts'
import type { KitTables } from './schema.ts'

const lookEveryMs = 1000
const keysAtOnce = 1000

/** What a retry came to: how many events had their effect, and what stopped it, if anything did. */
export type Drained = { done: number; failed: number; error?: string }

export class ParkedKeys<Tables extends KitTables> {
  readonly #context: ReactContext<Tables>
  readonly #database: Kysely<KitTables>
  readonly #logger: Logger
  /** One thing at a time: two drains of one key must not meet. */
  #work: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #stopping = false

  constructor(context: ReactContext<Tables>, logger: Logger) {
    this.#context = context
    this.#database = kitTables(context.database)
    this.#logger = logger
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.retryDue()
        .catch(error => this.#logger.error({ err: error }, 'retrying what is parked failed'))
        .finally(() => {
          if (!this.#stopping) this.start()
        })
    }, lookEveryMs)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    await this.#work
  }

  /** The keys whose own time to be tried again has come. */
  retryDue(): Promise<Drained> {
    const now = this.#context.now().toISOString()
    return this.#inTurn(async () => {
      const keys = await listParkedKeys(this.#database, keysAtOnce)
      return this.#drainAll(keys.filter(({ first }) => (first.retry_at ?? '') <= now).map(key => key.first.subject))
    })
  }

  retryKey(subject: string): Promise<Drained> {
    return this.#inTurn(async () => {
      const first = await firstParked(this.#database, subject)
      if (first === undefined) return { done: 0, failed: 0 }
      await this.#note('retried', first.event_id, `${first.type} of ${subject}`)
      return this.#drain(subject)
    })
  }

  retryAll(): Promise<Drained> {
    return this.#inTurn(async () => {
      const keys = await listParkedKeys(this.#database, keysAtOnce)
      for (const { first } of keys) await this.#note('retried', first.event_id, `${first.type} of ${first.subject}`)
      return this.#drainAll(keys.map(key => key.first.subject))
    })
  }

  /**
   * Gives an event up: it will never have its effect, and those behind it go on.
   * @returns undefined when no such event is parked
   */
  skip(eventId: string, reason: string): Promise<Drained | undefined> {
    return this.#inTurn(async () => {
      const parked = await readParked(this.#database, eventId)
      if (parked === undefined) return undefined
      const now = this.#context.now()
      await this.#database.transaction().execute(async transaction => {
        // As if it had been handled: a later delivery must not bring it back.
        await enterInbox(transaction, parked.event, now)
        await unpark(transaction, eventId)
        const detail = `${parked.type} of ${parked.subject}: ${reason}`
        await recordDecision(transaction, { action: 'skipped', kind: 'parked', reference: eventId, detail }, now)
      })
      this.#logger.warn({ eventId, type: parked.type, subject: parked.subject, reason }, 'a parked event was skipped')
      return this.#drain(parked.subject)
    })
  }

  async #drainAll(subjects: readonly string[]): Promise<Drained> {
    const total: Drained = { done: 0, failed: 0 }
    for (const subject of subjects) {
      if (this.#stopping) break
      const { done, failed, error } = await this.#drain(subject)
      total.done += done
      total.failed += failed
      if (error !== undefined) total.error = error
    }
    return total
  }

  async #drain(subject: string): Promise<Drained> {
    for (let done = 0; ; done += 1) {
      const first = await firstParked(this.#database, subject)
      if (first === undefined || this.#stopping) return { done, failed: 0 }
      try {
        await reactOnce(this.#context, [first.event], transaction => unpark(transaction, first.event_id))
        this.#logger.info({ eventId: first.event_id, type: first.type, subject }, 'a parked event had its effect')
      } catch (caught) {
        const error = caught as Error
        await failAgain(this.#database, first, { error, now: this.#context.now() })
        return { done, failed: 1, error: error.message }
      }
    }
  }

  #note(action: 'retried', reference: string, detail: string): Promise<void> {
    return recordDecision(this.#database, { action, kind: 'parked', reference, detail }, this.#context.now())
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work)
    this.#work = result.catch(() => undefined)
    return result
  }
}
