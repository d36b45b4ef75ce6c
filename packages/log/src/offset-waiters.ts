/**
 * Those who wait until an offset is passed: callbacks in the order of their offsets, no promise per batch.
 * Nearly always the newcomer waits for the largest offset; a duplicate's original is the exception.
 */

export type WaitCallback = (error?: Error) => void

export class OffsetWaiters {
  #waiters: { offset: number; callback: WaitCallback }[] = []

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  add(offset: number, callback: WaitCallback): void {
    let at = this.#waiters.length
    while (at > 0 && this.#waiters[at - 1]!.offset > offset) at--
    if (at === this.#waiters.length) this.#waiters.push({ offset, callback })
    else this.#waiters.splice(at, 0, { offset, callback })
  }

  /** Calls back everyone whose offset is at or below the given one. */
  advance(offset: number): void {
    let count = 0
    while (count < this.#waiters.length && this.#waiters[count]!.offset <= offset) count++
    if (count === 0) return
    for (const { callback } of this.#waiters.splice(0, count)) callback()
  }

  /** Fails everyone who waits for an offset above the given one. */
  failAbove(offset: number, error: Error): void {
    const first = this.#waiters.findIndex(waiter => waiter.offset > offset)
    if (first < 0) return
    for (const { callback } of this.#waiters.splice(first)) callback(error)
  }
}
