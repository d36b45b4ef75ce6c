/**
 * What people can do about dead letters: look, try again (a newer program may read what an older one could not), or close
 * with a reason. A retried letter takes its place behind what is parked of its key, but not in the past: its key has moved on.
 */
import type { Kysely, Selectable } from 'kysely'
import { type Envelope, fromRecord } from '../contracts/envelope.ts'
import type { Topic } from '../contracts/topic.ts'
import { kitTables } from './database.ts'
import { recordDecision } from './decisions.ts'
import { park, parkBehind } from './parked.ts'
import { type ReactContext, reactOnce } from './react-once.ts'
import type { Received } from './received.ts'
import type { KitTables } from './schema.ts'

export type DeadLetter = Omit<Selectable<KitTables['dead_letters']>, 'headers'> & { headers: Map<Buffer, Buffer> }

export class DeadLetterTools<Tables extends KitTables> {
  readonly #context: ReactContext<Tables>
  readonly #topics: readonly Topic[]
  readonly #database: Kysely<KitTables>

  constructor(context: ReactContext<Tables>, topics: readonly Topic[]) {
    this.#context = context
    this.#topics = topics
    this.#database = kitTables(context.database)
  }

  /** The open ones, the newest first. */
  async list(limit: number): Promise<DeadLetter[]> {
    const rows = await this.#database
      .selectFrom('dead_letters')
      .selectAll()
      .where('state', '=', 'open')
      .orderBy('at', 'desc')
      .limit(limit)
      .execute()
    return rows.map(toLetter)
  }

  async read(id: string): Promise<DeadLetter | undefined> {
    const row = await this.#database.selectFrom('dead_letters').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toLetter(row)
  }

  async countOpen(): Promise<number> {
    const row = await this.#database
      .selectFrom('dead_letters')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', 'open')
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** @throws UndecodableError while it still can't be read */
  async retry(letter: DeadLetter): Promise<'done' | 'parked' | 'ignored'> {
    const { database, reactions, now } = this.#context
    const topic = this.#topics.find(candidate => candidate.name === letter.topic)
    const event =
      topic && fromRecord(topic, { value: letter.value && Buffer.from(letter.value), headers: letter.headers })
    let outcome: 'done' | 'parked' | 'ignored' = 'ignored'
    if (event !== undefined && reactions[event.type] !== undefined) {
      const { topic: name, partition, offset } = letter
      const [free] = await parkBehind(database, [{ event, topic: name, partition, offset }], now())
      outcome = free === undefined ? 'parked' : await this.#reactOrPark(free)
    }
    await this.#close(letter, 'retried', `${describe(letter, event)}: ${outcome}`)
    return outcome
  }

  async skip(letter: DeadLetter, reason: string): Promise<void> {
    await this.#close(letter, 'skipped', `${describe(letter)}: ${reason}`)
  }

  async #reactOrPark(received: Received): Promise<'done' | 'parked'> {
    try {
      await reactOnce(this.#context, [received.event])
      return 'done'
    } catch (error) {
      await park(this.#context.database, received, { error: error as Error, now: this.#context.now() })
      return 'parked'
    }
  }

  async #close({ id }: DeadLetter, action: 'retried' | 'skipped', detail: string): Promise<void> {
    await this.#database.transaction().execute(async transaction => {
      await transaction.updateTable('dead_letters').set({ state: 'closed' }).where('id', '=', id).execute()
      await recordDecision(transaction, { action, kind: 'dead-letter', reference: id, detail }, this.#context.now())
    })
  }
}

function describe({ topic, partition, offset }: DeadLetter, event?: Envelope): string {
  return `${event === undefined ? 'record' : event.type} at ${topic}/${partition}@${offset}`
}

function toLetter(row: Selectable<KitTables['dead_letters']>): DeadLetter {
  const pairs = JSON.parse(row.headers) as [string, string][]
  const headers = new Map(pairs.map(([name, value]) => [Buffer.from(name, 'base64'), Buffer.from(value, 'base64')]))
  return { ...row, headers }
}
