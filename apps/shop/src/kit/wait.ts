/** `Prefer: wait=N` (RFC 7240): the caller would rather wait up to N seconds than get an answer that is not final. */
import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 25
/** The gateway waits longer than this. */
const longestWaitMs = 15_000

/** @returns milliseconds; 0 when the header does not ask for it */
export function waitMs(prefer: string | string[] | undefined): number {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(String(prefer ?? '')) ?? []
  return seconds === undefined ? 0 : Math.min(longestWaitMs, Number(seconds) * 1000)
}

/**
 * Looks until it is so. By looking, not by being told: another instance of the service may be the one that makes it so.
 * @returns the last look's finding, which may be false when the time is up
 */
export async function lookUntil<Found>(
  look: () => Promise<Found>,
  isSo: (found: Found) => boolean,
  timeoutMs: number,
): Promise<Found> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (isSo(found) || performance.now() >= deadline) return found
    await delay(lookEveryMs)
  }
}
