/** Somebody, or the network, sets the wall clock of the machine: by a little or by days, forwards or back. */

import type { World } from './world.ts'

const dayMs = 86_400_000

/** Now and then, at most once in a life. Never so far that the broker may forget an idempotent producer. */
export async function setClock(world: World): Promise<void> {
  const { random, time } = world
  if (!random.chance(0.2)) return
  await world.sleep(random.below(200))
  const largestMs = random.weighted({ seconds: 4, hours: 3, days: 3 })
  const reachMs = { seconds: 5_000, hours: dayMs / 4, days: 10 * dayMs }[largestMs]
  const awayMs = random.between(-reachMs, reachMs)
  time.setWallClock(awayMs)
  world.note(`the clock is set to ${awayMs} ms from the true time`)
}
