/** Waiting for a condition that no event announces. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when the condition holds; rejects with what is awaited, and what it looks like now, when the time is up. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 120_000, state }: { timeoutMs?: number; state?: () => unknown } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) {
      const seen = state === undefined ? '' : `; instead: ${JSON.stringify(state())}`
      throw new Error(`not within ${timeoutMs} ms: ${what}${seen}`)
    }
    await sleep(20)
  }
}
