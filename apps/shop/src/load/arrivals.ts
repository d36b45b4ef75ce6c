/**
 * When customers come: open loop, as in the world. The next one does not wait for the last one's answer, so a slow shop
 * meets the same crowd as a fast one, and the queue that builds up is part of what is measured.
 */

/** A small seeded generator (mulberry32): the same seed gives the same crowd to every contestant. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @returns how long after one customer the next one comes, in milliseconds: a Poisson process of that rate */
export function nextGapMs(ratePerSecond: number, random: () => number): number {
  return (-Math.log(1 - random()) * 1000) / ratePerSecond
}

const cart = ['mug', 'notebook', 'pencil'] as const

/** What the n-th customer wants: different customers and products, nothing that is declined or scarce. */
export function ordinaryOrder(number: number): string {
  return JSON.stringify({
    customerId: `customer-${number % 500}`,
    items: [{ sku: cart[number % cart.length], quantity: 1 + (number % 3) }],
  })
}
