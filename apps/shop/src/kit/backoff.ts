/** Waiting times between tries of what must succeed in the end: doubling from 100 ms to 2 s, with jitter against herds. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(2000, 100 * 2 ** Math.min(failures - 1, 10))
  return ceiling / 2 + random() * (ceiling / 2)
}
