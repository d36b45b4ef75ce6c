/**
 * Fires deadlines that are due (deadlines.ts): one that passed while nobody ran fires at the next start.
 *
 *   (none) -> waiting -> fired        its handler's effect and the end of the row are one transaction
 *                     -> cancelled    whatever it watched over was settled
 *
 * A handler that fails is tried again, ever more rarely, for as long as it takes: a deadline is never given up.
 */
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { backoffMs } from './backoff.ts'
import { type KitTables, kitTables } from './database.ts'
import type { Deadline } from './deadlines.ts'
import { type Apply, serviceTransaction } from './reaction.ts'

const lookEveryMs = 250
const firedAtOnce = 100

/** As a reaction: the calls to the outside first, then what to store. */
export type DeadlineHandlers<Tables extends KitTables> = Record<
  string,
  (deadline: Deadline) => Apply<Tables> | Promise<Apply<Tables>>
>

export class DeadlineLoop<Tables extends KitTables> {
  readonly #database: Kysely<Tables>
  readonly #handlers: DeadlineHandlers<Tables>
  readonly #now: () => Date
  readonly #logger: Logger
  readonly #onCommitted: () => void
  #timer: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(options: {
    database: Kysely<Tables>
    handlers: DeadlineHandlers<Tables>
    now: () => Date
    logger: Logger
    /** After a transaction that may have published. */
    onCommitted: () => void
  }) {
    this.#database = options.database
    this.#handlers = options.handlers
    this.#now = options.now
    this.#logger = options.logger
    this.#onCommitted = options.onCommitted
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#work = this.fireDue()
        .then(() => undefined)
        .catch(error => this.#logger.error({ err: error }, 'looking for deadlines failed'))
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

  /** Fires what is due, the oldest first. @returns how many had their effect */
  async fireDue(): Promise<number> {
    const due = await kitTables(this.#database)
      .selectFrom('deadlines')
      .select(['kind', 'subject', 'traceparent', 'attempts'])
      .where('due_at', '<=', this.#now().toISOString())
      .orderBy('due_at')
      .limit(firedAtOnce)
      .execute()
    let fired = 0
    for (const deadline of due) {
      if (this.#stopping) break
      if (await this.#fire(deadline)) fired += 1
    }
    if (fired > 0) this.#onCommitted()
    return fired
  }

  async #fire({ attempts, ...deadline }: Deadline & { attempts: number }): Promise<boolean> {
    const { kind, subject, traceparent } = deadline
    try {
      const handler = this.#handlers[kind]
      if (handler === undefined) throw new Error(`no handler for the deadline ${kind}`)
      const apply = await handler(deadline)
      return await this.#database.transaction().execute(async transaction => {
        if (!(await this.#claim(transaction, deadline))) return false
        const cause = { id: `${kind}/${subject}`, subject, traceparent }
        await apply(serviceTransaction({ database: transaction, cause, now: this.#now() }))
        return true
      })
    } catch (error) {
      const { message } = error as Error
      this.#logger.error({ err: error, kind, subject }, 'a deadline failed; trying it again')
      await this.#putOff(deadline, attempts + 1, message)
      return false
    }
  }

  /** @returns false when it was cancelled meanwhile, or another instance was faster */
  async #claim(transaction: Kysely<Tables>, { kind, subject }: Deadline): Promise<boolean> {
    const result = await kitTables(transaction)
      .deleteFrom('deadlines')
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .where('due_at', '<=', this.#now().toISOString())
      .executeTakeFirstOrThrow()
    return result.numDeletedRows === 1n
  }

  async #putOff({ kind, subject }: Deadline, attempts: number, error: string): Promise<void> {
    await kitTables(this.#database)
      .updateTable('deadlines')
      .set({ attempts, error, due_at: new Date(this.#now().getTime() + backoffMs(attempts)).toISOString() })
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .execute()
  }
}
