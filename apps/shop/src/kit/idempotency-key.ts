/**
 * Pattern: Idempotency-Key (IETF draft): a client that got no answer may send the same request again. The key is claimed in
 * the transaction that stores the work, so there is no moment in which one exists without the other.
 *
 *   (none) -> in-flight -> answered          the answer is replayed
 *                       -> failed -> in-flight   no answer that is worth keeping: the next try goes on with the same resource
 *
 * In flight longer than any request may take, its process died and did not come back: that counts as failed.
 */
import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { type KitTables, kitTables } from './database.ts'

export type Claim =
  | { kind: 'new' }
  /** An earlier try failed: go on with its resource, make no second one. */
  | { kind: 'again'; resourceId: string }
  | { kind: 'answered'; resourceId: string; statusCode: number; answer: unknown }
  | { kind: 'in-flight' }
  | { kind: 'other-request' }

const longestRequestMs = 60_000

export function fingerprint(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex')
}

export async function claimKey<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  claim: { key: string; fingerprint: string; resourceId: string; owner: string; now: Date },
): Promise<Claim> {
  const database = kitTables(transaction)
  const row = await database.selectFrom('idempotency_keys').selectAll().where('key', '=', claim.key).executeTakeFirst()
  if (row === undefined) {
    const { key, fingerprint, resourceId, owner, now } = claim
    await database
      .insertInto('idempotency_keys')
      .values({
        key,
        fingerprint,
        resource_id: resourceId,
        state: 'in-flight',
        status_code: null,
        answer: null,
        owner,
        at: now.toISOString(),
      })
      .execute()
    return { kind: 'new' }
  }
  if (row.fingerprint !== claim.fingerprint) return { kind: 'other-request' }
  const isLost = row.state === 'in-flight' && claim.now.getTime() - Date.parse(row.at) > longestRequestMs
  if (row.state === 'in-flight' && !isLost) return { kind: 'in-flight' }
  if (row.state === 'failed' || isLost) {
    await database
      .updateTable('idempotency_keys')
      .set({ state: 'in-flight', owner: claim.owner, at: claim.now.toISOString() })
      .where('key', '=', claim.key)
      .execute()
    return { kind: 'again', resourceId: row.resource_id }
  }
  const answer: unknown = JSON.parse(row.answer ?? 'null')
  return { kind: 'answered', resourceId: row.resource_id, statusCode: row.status_code ?? 500, answer }
}

export async function answerKey<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  key: string,
  result: { statusCode: number; answer: unknown },
): Promise<void> {
  await kitTables(transaction)
    .updateTable('idempotency_keys')
    .set({ state: 'answered', status_code: result.statusCode, answer: JSON.stringify(result.answer) })
    .where('key', '=', key)
    .execute()
}

export async function failKey<Tables extends KitTables>(transaction: Kysely<Tables>, key: string): Promise<void> {
  await kitTables(transaction).updateTable('idempotency_keys').set({ state: 'failed' }).where('key', '=', key).execute()
}

/** At start: what this instance had in flight when it died will never be answered. */
export async function failKeysInFlight<Tables extends KitTables>(
  database: Kysely<Tables>,
  owner: string,
): Promise<void> {
  await kitTables(database)
    .updateTable('idempotency_keys')
    .set({ state: 'failed' })
    .where('state', '=', 'in-flight')
    .where('owner', '=', owner)
    .execute()
}
