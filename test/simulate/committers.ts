/** Groups that nobody is a member of: they commit and read back, as consumers do that assign partitions themselves. */

import { commitOffset, readBack } from './committed-offsets.ts'
import type { Ledger } from './ledger.ts'
import { pickTarget } from './sending.ts'
import type { World } from './world.ts'

export const committerGroupIds = ['billing', 'shipping'] as const

export async function commit(world: World, ledger: Ledger, groupId: string, count: number): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(40))
    const target = pickTarget(world, ledger.present())
    if (!target) continue
    if (random.chance(0.3)) await readBack(world, ledger, { groupId, ...target })
    else await commitOffset(world, ledger, { groupId, ...target })
  }
}
