/** Clients that write each batch once, with every `acks`. */

import type { Ledger } from './ledger.ts'
import { newAttemptFor, pickTarget, send, type Target } from './sending.ts'
import type { World } from './world.ts'

const acksAll = -1

export async function producePlainly(world: World, ledger: Ledger, count: number): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(20))
    const target = pickTarget(world, ledger.present())
    if (!target) continue
    const acks = random.pick([-1, -1, -1, 1, 1, 0] as const)
    const sent = send(world, ledger, { ...target, attempt: newAttemptFor(world, ledger, target.topic, acks) })
    // Now and then the next batch follows without waiting for the answer.
    if (random.chance(0.7)) await sent
    else void sent.catch(() => undefined) // the process has ended: its next life goes on
  }
}

/** One batch with acks=all. Resolves with the partition's error. */
export function produceOnce(world: World, ledger: Ledger, target: Target): Promise<string> {
  return send(world, ledger, { ...target, attempt: newAttemptFor(world, ledger, target.topic, acksAll) })
}
