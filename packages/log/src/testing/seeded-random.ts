/** Chance from one number: the same seed always gives the same sequence. Small and fast; no secret may ever depend on it. */

export class SeededRandom {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds must not give similar sequences.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
    for (let i = 0; i < 4; i++) this.next()
  }

  /** 0 <= x < 1 (mulberry32). */
  next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** 0 to `count` - 1. */
  below = (count: number): number => Math.floor(this.next() * count)

  /** From `low` to `high`, both inclusive. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('there is nothing to pick from')
    return items[this.below(items.length)]!
  }

  /** The key of a weight, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let point = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      point -= weight
      if (point < 0) return key
    }
    return entries.at(-1)![0]
  }

  bytes = (count: number): Buffer => {
    const bytes = Buffer.alloc(count)
    for (let i = 0; i < count; i++) bytes[i] = this.below(256)
    return bytes
  }

  /** A source of its own, so that what one part draws does not move the others. */
  fork(): SeededRandom {
    return new SeededRandom(this.below(2 ** 32))
  }
}
