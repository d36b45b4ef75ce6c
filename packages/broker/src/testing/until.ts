/** For what becomes true by itself and tells nobody. */

import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 5
/** Far longer than it ever takes, so that a machine under load fails no test. */
const patienceMs = 60_000

/** Resolves once the condition holds; rejects when it does not within a minute. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not true within ${patienceMs} ms: ${condition}`)
    await sleep(pollMs)
  }
}
