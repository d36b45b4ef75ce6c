/**
 * How many bytes of requests may be worked on at a time, over all clients: `queued.max.request.bytes`. What finds it used up
 * waits, unread where possible, and is called when there is room. Nothing is ever dropped.
 *
 * Only requests that have begun count. They end by themselves, whatever their client does; so a client that stops reading its
 * answers can fill its own connection, and never anybody else's.
 */
export class RequestBudget {
  readonly #maxBytes: number
  #bytes = 0
  readonly #waiting = new Set<() => void>()

  /** @param maxBytes 0 and below: no limit */
  constructor({ maxBytes }: { maxBytes: number }) {
    this.#maxBytes = maxBytes <= 0 ? Number.POSITIVE_INFINITY : maxBytes
  }

  get isUsedUp(): boolean {
    return this.#bytes >= this.#maxBytes
  }

  take(bytes: number): void {
    this.#bytes += bytes
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes
    if (this.#bytes < 0) throw new Error('more request bytes given back than taken')
    if (this.#waiting.size === 0 || this.isUsedUp) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }

  /** Calls back once when there is room. */
  whenRoom(resume: () => void): void {
    this.#waiting.add(resume)
  }

  cancel(resume: () => void): void {
    this.#waiting.delete(resume)
  }
}
