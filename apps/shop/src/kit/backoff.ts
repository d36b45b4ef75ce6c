/** Waiting times between tries of what must succeed in the end: doubling from 100 ms to 2 s, with jitter against herds. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(2000, 100 * 2 ** Math.min(failures - 1, 10))
  return ceiling / 2 + random() * (ceiling / 2)
}

const firstRetryMs = 30_000
const longestRetryMs = 15 * 60_000

/** When a parked event that has failed this often is tried again by itself: nobody waits for it, so there is no haste. */
export function retryAt(attempts: number, now: Date): Date {
  return new Date(now.getTime() + Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 10)))
}
