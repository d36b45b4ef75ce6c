/**
 * What all logs of a data directory have taken and not written yet. Requests that wait for the disk are bounded before they get here; but
 * their senders may give up waiting and send again while the disk hangs, and then only this bounds the memory.
 */
export class UnwrittenBytes {
  readonly #maxBytes: number
  #bytes = 0

  constructor({ maxBytes }: { maxBytes: number }) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** No more is taken until something is written. */
  get isUsedUp(): boolean {
    return this.#bytes >= this.#maxBytes
  }

  /** Negative when they are written, or will never be. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < 0) throw new Error('more bytes written than were to be written')
  }
}
