/**
 * Pattern: idempotent consumer. The log delivers at least once; the inbox row is written in the same transaction as the
 * effect, so a second delivery finds it and does nothing. Rows never expire: a replay from the beginning must stay harmless.
 * Business keys (one charge, one reservation per order) stand behind it as a second, independent guard.
 */
import type { Kysely } from 'kysely'
import type { Envelope } from '../contracts/envelope.ts'
import { type KitTables, kitTables } from './database.ts'

/** @returns false when this event has had its effect before */
export async function enterInbox<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  { id, subject, type, traceparent }: Envelope,
  now: Date,
): Promise<boolean> {
  const result = await kitTables(transaction)
    .insertInto('inbox')
    .values({ event_id: id, subject, type, traceparent, at: now.toISOString() })
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return result.numInsertedOrUpdatedRows === 1n
}
