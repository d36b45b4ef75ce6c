/** Whoever waits for something with a name to happen. Any number may wait for the same thing: none displaces another. */
const lookEveryMs = 50

export class Waiters<What> {
  readonly #waiting = new Map<string, Set<(what: What) => void>>()

  /**
   * @param options `look`: asks whether it has happened, which another process may have done without telling anyone here
   * @returns what happened, or undefined when the time is up
   */
  async wait(
    name: string,
    options: { timeoutMs: number; look: () => Promise<What | undefined> },
  ): Promise<What | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<What | undefined>()
    promise.catch(() => undefined) // Whoever does not wait any more need not hear of it.
    const waiters = this.#waiting.get(name) ?? new Set()
    this.#waiting.set(name, waiters.add(resolve))
    const limit = setTimeout(() => resolve(undefined), options.timeoutMs)
    const looking = setInterval(() => {
      options.look().then(found => found !== undefined && resolve(found), reject)
    }, lookEveryMs)
    try {
      // Asked after the waiter is in place: whatever happens from here on tells it.
      const found = await options.look()
      return found ?? (await promise)
    } finally {
      clearTimeout(limit)
      clearInterval(looking)
      waiters.delete(resolve)
      if (waiters.size === 0) this.#waiting.delete(name)
    }
  }

  tell(name: string, what: What): void {
    for (const resolve of this.#waiting.get(name) ?? []) resolve(what)
  }
}
