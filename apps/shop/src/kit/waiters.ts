/** Whoever waits for something with a name to happen. Any number may wait for the same thing: none displaces another. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** @returns true once it has happened, false when the time is up */
  async wait(name: string, options: { timeoutMs: number; isThereAlready: () => Promise<boolean> }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiters = this.#waiting.get(name) ?? new Set()
    const onHappened = () => resolve(true)
    this.#waiting.set(name, waiters.add(onHappened))
    const timer = setTimeout(() => resolve(false), options.timeoutMs)
    try {
      // Asked after the waiter is in place: whatever happens from here on tells it.
      if (await options.isThereAlready()) return true
      return await promise
    } finally {
      clearTimeout(timer)
      waiters.delete(onHappened)
      if (waiters.size === 0) this.#waiting.delete(name)
    }
  }

  tell(name: string): void {
    for (const onHappened of this.#waiting.get(name) ?? []) onHappened()
  }
}
