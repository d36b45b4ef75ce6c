/** Work of one kind that occupies threads: so many at a time, the others wait for their turn, first come first served. */
export class ConcurrencyLimit {
  readonly #maxRunning: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ maxRunning }: { maxRunning: number }) {
    this.#maxRunning = maxRunning
  }

  /** Settles as `work` does, which begins when it is its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running++
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next() // takes over the place
    }
  }
}
