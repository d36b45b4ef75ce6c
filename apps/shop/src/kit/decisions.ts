/** What people decided about events that were set aside, and why: never changed, never deleted. */
import type { Kysely } from 'kysely'
import type { KitTables } from './schema.ts'

export type Decision = Omit<KitTables['decisions'], 'position' | 'at'>

export async function recordDecision(database: Kysely<KitTables>, decision: Decision, now: Date): Promise<void> {
  await database
    .insertInto('decisions')
    .values({ ...decision, at: now.toISOString() })
    .execute()
}

/** The newest first. */
export function listDecisions(database: Kysely<KitTables>, limit: number) {
  return database
    .selectFrom('decisions')
    .select(['at', 'action', 'kind', 'reference', 'detail'])
    .orderBy('position', 'desc')
    .limit(limit)
    .execute()
}
