/**
 * One try at the reactions to some events: the calls to the outside first, at the same time, then all effects in one
 * transaction with their inbox rows. All of it happens or none, whoever asks: the consuming loop, a retry of what was parked.
 */
import type { Kysely } from 'kysely'
import { type Envelope, NewerVersionError } from '../contracts/envelope.ts'
import { kitTables } from './database.ts'
import { enterInbox } from './inbox.ts'
import { type Reactions, serviceTransaction } from './reaction.ts'
import { assertNoReplay } from './replay.ts'
import type { KitTables } from './schema.ts'

export type ReactContext<Tables extends KitTables> = {
  database: Kysely<Tables>
  reactions: Reactions<Tables>
  now: () => Date
  /** After a transaction that may have published. */
  onCommitted: () => void
}

/**
 * @param events of different subjects, each of a type that has a reaction
 * @param also what else belongs in the same transaction
 */
export async function reactOnce<Tables extends KitTables>(
  { database, reactions, now, onCommitted }: ReactContext<Tables>,
  events: readonly Envelope[],
  also: (transaction: Kysely<KitTables>) => Promise<void> = async () => undefined,
): Promise<{ handled: number; repeated: number }> {
  const effects = await Promise.all(
    events.map(async event => {
      const reaction = reactions[event.type]
      // Parked by an older program, or a version that this one does not know yet.
      if (reaction === undefined) throw new NewerVersionError(event)
      return { event, apply: await reaction(event) }
    }),
  )
  const counts = await database.transaction().execute(async transaction => {
    await assertNoReplay(transaction)
    let handled = 0
    for (const { event, apply } of effects) {
      if (!(await enterInbox(transaction, event, now()))) continue
      await apply(serviceTransaction({ database: transaction, cause: event, now: now() }))
      handled += 1
    }
    await also(kitTables(transaction))
    return { handled, repeated: effects.length - handled }
  })
  onCommitted()
  return counts
}
