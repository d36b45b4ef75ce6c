/** Chance as the broker uses it, passed in so that a simulation can draw it from a seed. In production unguessable. */

import { randomBytes, randomInt, randomUUID } from 'node:crypto'

export interface Randomness {
  bytes(count: number): Buffer
  /** A version 4 UUID in its usual form. */
  uuid(): string
  /** A whole number from 0 to `count`, exclusive. */
  below(count: number): number
}

export const systemRandomness: Randomness = {
  bytes: count => randomBytes(count),
  uuid: () => randomUUID(),
  below: count => randomInt(count),
}
