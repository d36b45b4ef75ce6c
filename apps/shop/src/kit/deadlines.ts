/**
 * Pattern: durable deadline. "Unless this is settled by then" is a row, written in the transaction of what it watches over, so it
 * outlives the process. No timer in memory carries meaning; deadline-loop.ts fires what is due.
 */
import type { Kysely } from 'kysely'
import { type KitTables, kitTables } from './database.ts'

export type Deadline = { kind: string; subject: string; traceparent: string }
export type DeadlineStatus = { waiting: number; overdue: number; lastError?: string }

/** One per kind and subject: setting it again moves it. */
export async function setDeadline<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  { dueAt, ...deadline }: Deadline & { dueAt: Date },
): Promise<void> {
  const row = { ...deadline, due_at: dueAt.toISOString(), attempts: 0, error: null }
  await kitTables(transaction)
    .insertInto('deadlines')
    .values(row)
    .onConflict(conflict => conflict.columns(['kind', 'subject']).doUpdateSet(row))
    .execute()
}

export async function cancelDeadline<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  { kind, subject }: Omit<Deadline, 'traceparent'>,
): Promise<void> {
  await kitTables(transaction).deleteFrom('deadlines').where('kind', '=', kind).where('subject', '=', subject).execute()
}

export async function hasDeadline<Tables extends KitTables>(
  database: Kysely<Tables>,
  { kind, subject }: Omit<Deadline, 'traceparent'>,
): Promise<boolean> {
  const row = await kitTables(database)
    .selectFrom('deadlines')
    .select('kind')
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .executeTakeFirst()
  return row !== undefined
}

/** Overdue is what should have fired and could not yet. */
export async function readDeadlines(database: Kysely<KitTables>): Promise<DeadlineStatus> {
  const row = await database
    .selectFrom('deadlines')
    .select(({ fn }) => [
      fn.countAll<number>().as('waiting'),
      fn.count<number>('error').as('overdue'),
      fn.max('error').as('lastError'),
    ])
    .executeTakeFirstOrThrow()
  return {
    waiting: row.waiting - row.overdue,
    overdue: row.overdue,
    ...(row.lastError === null ? {} : { lastError: row.lastError }),
  }
}
