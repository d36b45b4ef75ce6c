/**
 * Pattern: consistency token. Whoever wrote gets the event's place in the log (`orders/2@1817`); a reader that is handed it
 * answers once its own database holds the effect of that event, or says how far it is. The places are kept in the transaction
 * of the effects, so they never promise more than is there.
 */
import type { Kysely } from 'kysely'
import { type KitTables, kitTables } from './database.ts'

export type Position = { topic: string; partition: number; offset: number }

export function formatPosition({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}@${offset}`
}

/** @returns undefined for a text that is no position */
export function parsePosition(text: string): Position | undefined {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d{1,9})@(\d{1,15})$/.exec(text) ?? []
  if (topic === undefined) return undefined
  return { topic, partition: Number(partition), offset: Number(offset) }
}

/** Notes that all effects up to these records are in the database. Never goes back by itself: a repeated batch changes nothing. */
export async function advance<Tables extends KitTables>(
  transaction: Kysely<Tables>,
  handled: readonly Position[],
): Promise<void> {
  const last = new Map<string, Position>()
  for (const position of handled) {
    const key = `${position.topic}/${position.partition}`
    if (position.offset >= (last.get(key)?.offset ?? 0)) last.set(key, position)
  }
  for (const { topic, partition, offset } of last.values()) {
    await kitTables(transaction)
      .insertInto('positions')
      .values({ topic, partition, next_offset: offset + 1 })
      .onConflict(conflict =>
        conflict
          .columns(['topic', 'partition'])
          .doUpdateSet({ next_offset: offset + 1 })
          .where('positions.next_offset', '<=', offset),
      )
      .execute()
  }
}

/** The next offset that this database lacks, 0 before the first. */
export async function nextOffsetOf(database: Kysely<KitTables>, topic: string, partition: number): Promise<number> {
  const row = await database
    .selectFrom('positions')
    .select('next_offset')
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .executeTakeFirst()
  return row?.next_offset ?? 0
}
