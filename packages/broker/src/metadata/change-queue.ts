/** Runs changes one after the other: each sees the state that the one before has left. */
export class ChangeQueue {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as the change does; a change that fails does not stop those behind it. */
  run<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when everything that is queued now has run. */
  async whenIdle(): Promise<void> {
    await this.#last
  }
}
