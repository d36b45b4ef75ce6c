/**
 * Pattern: transactional outbox. An event is a row written in the transaction of the change that it tells of: either both
 * happened or neither. The relay (relay.ts) brings the rows to the log. Nothing in a service publishes any other way.
 */
import { type Kysely, sql } from 'kysely'
import type { Envelope } from '../contracts/envelope.ts'
import type { EventData, Topic } from '../contracts/topic.ts'
import { type KitTables, kitTables } from './database.ts'
import type { Position } from './position.ts'
import { nextHop, spanIdOf } from './trace.ts'
import { uuidv7 } from './uuid.ts'

export type NewEvent<T extends Topic, Type extends keyof T['events'] & string> = {
  topic: T
  type: Type
  /** The record's key: events of one subject arrive in the order in which they were written here. */
  subject: string
  data: EventData<T, Type>
  causationId?: string
  traceparent?: string
  now: Date
}

/** Stores an event to be published. @returns its id */
export async function publish<Tables extends KitTables, T extends Topic, Type extends keyof T['events'] & string>(
  transaction: Kysely<Tables>,
  event: NewEvent<T, Type>,
): Promise<string> {
  const database = kitTables(transaction)
  const last = await database
    .selectFrom('outbox')
    .select(({ fn }) => fn.max('sequence').as('sequence'))
    .where('subject', '=', event.subject)
    .executeTakeFirst()
  const id = uuidv7(event.now.getTime())
  await database
    .insertInto('outbox')
    .values({
      id,
      topic: event.topic.name,
      type: event.type,
      subject: event.subject,
      sequence: (last?.sequence ?? 0) + 1,
      time: event.now.toISOString(),
      causation_id: event.causationId ?? '',
      traceparent: nextHop(event.traceparent),
      parent_id: spanIdOf(event.traceparent ?? '') ?? null,
      data: JSON.stringify(event.topic.events[event.type]!.parse(event.data)),
      sent_at: null,
      partition: null,
      offset: null,
    })
    .execute()
  return id
}

export type UnsentEvent = { position: number; topic: string; event: Omit<Envelope, 'source'> }

/** The oldest rows that the log does not have, in the order in which they were written. */
export async function readUnsent(database: Kysely<KitTables>, limit: number): Promise<UnsentEvent[]> {
  const rows = await database
    .selectFrom('outbox')
    .selectAll()
    .where('sent_at', 'is', null)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(({ position, topic, id, type, subject, time, sequence, causation_id, traceparent, data }) => ({
    position,
    topic,
    event: {
      id,
      type,
      subject,
      time,
      sequence,
      causationId: causation_id,
      traceparent,
      data: JSON.parse(data) as unknown,
    },
  }))
}

/** @param places where the log has them, in the order of the rows */
export async function markSent(
  database: Kysely<KitTables>,
  rows: readonly UnsentEvent[],
  { places, now }: { places: readonly Position[]; now: Date },
): Promise<void> {
  const values = rows.map(({ position }, index) => {
    const { partition, offset } = places[index]!
    return sql`(cast(${position} as bigint), cast(${partition} as bigint), cast(${offset} as bigint))`
  })
  // One statement for the batch, whatever its size: both databases name the columns of VALUES like this.
  await sql`
    UPDATE outbox SET sent_at = ${now.toISOString()}, partition = places.column2, "offset" = places.column3
    FROM (VALUES ${sql.join(values)}) AS places WHERE outbox.position = places.column1`.execute(database)
}

/** @returns undefined while the log does not have it */
export async function placeOf(database: Kysely<KitTables>, eventId: string): Promise<Position | undefined> {
  const row = await database
    .selectFrom('outbox')
    .select(['topic', 'partition', 'offset'])
    .where('id', '=', eventId)
    .executeTakeFirst()
  if (row === undefined || row.partition === null || row.offset === null) return undefined
  return { topic: row.topic, partition: row.partition, offset: row.offset }
}

export async function readBacklog(database: Kysely<KitTables>, now: Date) {
  const row = await database
    .selectFrom('outbox')
    .select(({ fn }) => [fn.countAll<number>().as('pending'), fn.min('time').as('oldest')])
    .where('sent_at', 'is', null)
    .executeTakeFirstOrThrow()
  const oldestPendingMs = row.oldest === null ? 0 : Math.max(0, now.getTime() - Date.parse(row.oldest))
  return { pending: row.pending, oldestPendingMs }
}

/** The newest first. */
export async function readRecent(database: Kysely<KitTables>, limit: number) {
  const rows = await database
    .selectFrom('outbox')
    .select(['type', 'subject', 'time', 'sent_at'])
    .orderBy('position', 'desc')
    .limit(limit)
    .execute()
  return rows.map(row => ({ type: row.type, subject: row.subject, at: row.time, sent: row.sent_at !== null }))
}
