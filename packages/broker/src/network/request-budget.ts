/**
 * How much of all clients' requests may wait or be worked on at a time: `queued.max.request.bytes`, `queued.max.requests`.
 * Who finds it used up stops reading and is called when there is room. Nothing is ever dropped.
 */
export class RequestBudget {
  readonly #maxBytes: number
  readonly #maxRequests: number
  #bytes = 0
  #requests = 0
  readonly #waiting = new Set<() => void>()

  /** @param maxBytes -1: no limit */
  constructor({ maxBytes, maxRequests }: { maxBytes: number; maxRequests: number }) {
    this.#maxBytes = maxBytes < 0 ? Number.POSITIVE_INFINITY : maxBytes
    this.#maxRequests = maxRequests
  }

  get bytes(): number {
    return this.#bytes
  }

  get isUsedUp(): boolean {
    return this.#bytes >= this.#maxBytes || this.#requests >= this.#maxRequests
  }

  take(bytes: number): void {
    this.#bytes += bytes
    this.#requests++
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes
    this.#requests--
    if (this.#bytes < 0 || this.#requests < 0) throw new Error('more request bytes given back than taken')
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
