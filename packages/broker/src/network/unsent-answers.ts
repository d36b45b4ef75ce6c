/**
 * How many bytes of answers wait for their clients to read them, or for what is still missing in them, over all connections. Fetch answers are large and ask nobody:
 * with enough clients that do not read, they would fill all memory. So there is a limit for all together; beyond it a fetch is
 * answered with its first batch only, which lets everybody go on, more slowly.
 */
/** Enough for every client that reads; Kafka has no such limit, and no setting for it. */
const defaultMaxBytes = 256 * 1024 * 1024

export class UnsentAnswers {
  readonly #maxBytes: number
  #bytes = 0

  constructor({ maxBytes = defaultMaxBytes }: { maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What further answers may take; 0 and below: as little as possible. */
  get roomInBytes(): number {
    return this.#maxBytes - this.#bytes
  }

  /** Negative when they are sent. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < 0) throw new Error('more bytes of answers sent than were to be sent')
  }
}
