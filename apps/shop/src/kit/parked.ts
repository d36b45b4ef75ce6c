/**
 * Pattern: parked keys. An event whose reaction fails is set aside in the service's own database, and every later event of its
 * key waits behind it, in order; the other keys of the partition flow. An order's cancellation so never overtakes its creation.
 *
 *   (reaction fails) -> parked -> done      tried again, by itself or by a person
 *                              -> skipped   by a person, with a reason
 *
 * Only what a retry may mend is parked. A neighbour that is down stops the consumer instead (process-batch.ts): parking the whole
 * stream would help nobody.
 */
import type { Kysely, Selectable } from 'kysely'
import type { Envelope } from '../contracts/envelope.ts'
import { retryAt } from './backoff.ts'
import { kitTables } from './database.ts'
import type { Received } from './received.ts'
import type { KitTables } from './schema.ts'

export type ParkedEvent = Omit<Selectable<KitTables['parked']>, 'event'> & { event: Envelope }

/** Sets a failed event aside, as the first of its key. */
export async function park<Tables extends KitTables>(
  database: Kysely<Tables>,
  received: Received,
  failure: { error: Error; now: Date },
): Promise<void> {
  const { error, now } = failure
  const retry = retryAt(1, now).toISOString()
  await insert(kitTables(database), received, { attempts: 1, error: error.message, now, retryAt: retry })
}

/** Lets those wait whose key is parked. @returns the others, which may be handled now */
export async function parkBehind<Tables extends KitTables>(
  database: Kysely<Tables>,
  batch: readonly Received[],
  now: Date,
): Promise<Received[]> {
  if (batch.length === 0) return []
  return kitTables(database)
    .transaction()
    .execute(async transaction => {
      const subjects = batch.map(({ event }) => event.subject)
      const rows = await transaction.selectFrom('parked').select('subject').where('subject', 'in', subjects).execute()
      const parked = new Set(rows.map(row => row.subject))
      const free: Received[] = []
      for (const received of batch) {
        if (!parked.has(received.event.subject)) free.push(received)
        else if (!(await hadItsEffect(transaction, received.event.id))) {
          await insert(transaction, received, { attempts: 0, error: null, now, retryAt: null })
        }
      }
      return free
    })
}

/** The oldest of a key: the only one that may be tried. */
export async function firstParked(database: Kysely<KitTables>, subject: string): Promise<ParkedEvent | undefined> {
  const row = await database
    .selectFrom('parked')
    .selectAll()
    .where('subject', '=', subject)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst()
  return row && { ...row, event: JSON.parse(row.event) as Envelope }
}

export async function readParked(database: Kysely<KitTables>, eventId: string): Promise<ParkedEvent | undefined> {
  const row = await database.selectFrom('parked').selectAll().where('event_id', '=', eventId).executeTakeFirst()
  return row && { ...row, event: JSON.parse(row.event) as Envelope }
}

/** The first of each key, the longest parked first, and how many events the key has in all. */
export async function listParkedKeys(database: Kysely<KitTables>, limit: number) {
  const keys = await database
    .selectFrom('parked')
    .select(({ fn }) => ['subject', fn.min('position').as('first'), fn.countAll<number>().as('events')])
    .groupBy('subject')
    .orderBy('first')
    .limit(limit)
    .execute()
  if (keys.length === 0) return []
  const firsts = await database
    .selectFrom('parked')
    .selectAll()
    .where(
      'position',
      'in',
      keys.map(key => key.first),
    )
    .orderBy('position')
    .execute()
  return firsts.map(first => ({
    first: { ...first, event: JSON.parse(first.event) as Envelope },
    events: keys.find(key => key.subject === first.subject)?.events ?? 1,
  }))
}

export async function countParked(database: Kysely<KitTables>): Promise<{ keys: number; events: number }> {
  const { keys, events } = await database
    .selectFrom('parked')
    .select(({ fn }) => [fn.count<number>('subject').distinct().as('keys'), fn.countAll<number>().as('events')])
    .executeTakeFirstOrThrow()
  return { keys, events }
}

export async function failAgain(
  database: Kysely<KitTables>,
  parked: ParkedEvent,
  failure: { error: Error; now: Date },
): Promise<void> {
  const attempts = parked.attempts + 1
  await database
    .updateTable('parked')
    .set({ attempts, error: failure.error.message, retry_at: retryAt(attempts, failure.now).toISOString() })
    .where('event_id', '=', parked.event_id)
    .execute()
}

export async function unpark(transaction: Kysely<KitTables>, eventId: string): Promise<void> {
  await transaction.deleteFrom('parked').where('event_id', '=', eventId).execute()
}

async function hadItsEffect(transaction: Kysely<KitTables>, eventId: string): Promise<boolean> {
  const row = await transaction.selectFrom('inbox').select('at').where('event_id', '=', eventId).executeTakeFirst()
  return row !== undefined
}

async function insert(
  database: Kysely<KitTables>,
  { event, topic, partition, offset }: Received,
  state: { attempts: number; error: string | null; now: Date; retryAt: string | null },
): Promise<void> {
  await database
    .insertInto('parked')
    .values({
      event_id: event.id,
      subject: event.subject,
      type: event.type,
      topic,
      partition,
      offset,
      event: JSON.stringify(event),
      attempts: state.attempts,
      error: state.error,
      parked_at: state.now.toISOString(),
      retry_at: state.retryAt,
    })
    .onConflict(conflict => conflict.column('event_id').doNothing())
    .execute()
}
