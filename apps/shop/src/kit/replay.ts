/**
 * Reading again from an earlier place. What must never happen twice does not: the inbox and the business keys outlive a replay, so
 * it sends no mail and moves no money. A read model holds nothing but what it has read: it may be emptied first, its inbox too, and
 * is then built anew.
 *
 *   (none) -> wanted    a row, in the transaction that empties the read model; from then on no event has an effect
 *             -> done   the group's offsets are moved, which the broker allows once every instance has left the group
 *
 * A crash between the two goes on where it stopped: the row is there.
 */
import { Admin } from '@platformatic/kafka'
import type { Kysely } from 'kysely'
import type { Topic } from '../contracts/topic.ts'
import { type KitTables, kitTables } from './database.ts'
import { type ClientSettings, clientOptions } from './kafka.ts'
import type { Position } from './position.ts'

const what = 'replay'

/** Whoever is in the middle of reading must stop, so that the offsets can be moved. */
export class ReplayWantedError extends Error {
  override readonly name = 'ReplayWantedError'
}

/** @param readModel its tables, children before their parents; empty for a service whose effects stay */
export async function wantReplay<Tables extends KitTables>(
  database: Kysely<Tables>,
  { from, readModel }: { from: readonly Position[]; readModel: readonly string[] },
): Promise<void> {
  await kitTables(database)
    .transaction()
    .execute(async transaction => {
      const owned = readModel.length === 0 ? [] : [...readModel, 'inbox', 'positions', 'parked']
      // The names are a service's own, not a user's.
      for (const table of owned) await transaction.deleteFrom(table as keyof KitTables).execute()
      const row = { what, detail: JSON.stringify(from) }
      await transaction
        .insertInto('unfinished')
        .values(row)
        .onConflict(conflict => conflict.column('what').doUpdateSet(row))
        .execute()
    })
}

/** To be asked in every transaction that stores an effect. @throws ReplayWantedError */
export async function assertNoReplay<Tables extends KitTables>(transaction: Kysely<Tables>): Promise<void> {
  if ((await wantedReplay(kitTables(transaction))) !== undefined) throw new ReplayWantedError('a replay is wanted')
}

export async function isReplayWanted(database: Kysely<KitTables>): Promise<boolean> {
  return (await wantedReplay(database)) !== undefined
}

/** Before a consumer joins its group: moves the offsets if a replay is wanted. Rejects while another instance still reads. */
export async function carryOutReplay(
  database: Kysely<KitTables>,
  { client, groupId }: { client: ClientSettings; groupId: string },
): Promise<void> {
  const from = await wantedReplay(database)
  if (from === undefined) return
  const admin = new Admin({ ...clientOptions(client), retries: 0 })
  try {
    await admin.alterConsumerGroupOffsets({
      groupId,
      topics: from.map(({ topic, partition, offset }) => ({
        name: topic,
        partitionOffsets: [{ partition, offset: BigInt(offset) }],
      })),
    })
  } finally {
    await admin.close()
  }
  await database.deleteFrom('unfinished').where('what', '=', what).execute()
}

export function beginningsOf(topics: readonly Topic[]): Position[] {
  return topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition, offset: 0 })),
  )
}

async function wantedReplay(database: Kysely<KitTables>): Promise<Position[] | undefined> {
  const row = await database.selectFrom('unfinished').select('detail').where('what', '=', what).executeTakeFirst()
  return row && (JSON.parse(row.detail) as Position[])
}
