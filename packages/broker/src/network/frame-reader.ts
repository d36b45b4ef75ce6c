/**
 * Cuts a byte stream into Kafka's frames: int32 size, then as many bytes.
 *
 * Memory follows what has arrived, never what a size field promises: a frame within one chunk is a slice of it, one that
 * comes in pieces is gathered in a buffer that doubles. So a peer costs at most twice the bytes it has sent (and 1 KiB).
 */

/** The stream is not what Kafka clients send; nothing after this can be understood. */
export class BadFrameError extends Error {
  override readonly name = 'BadFrameError'
}

const sizeBytes = 4
const firstCapacity = 1024

export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  /** A frame that has not arrived as a whole, size field included; null between frames. */
  #partial: Buffer | null = null
  #received = 0
  /** What the partial frame needs, size field included; that alone while the size is not known yet. */
  #needed = sizeBytes
  #isSizeKnown = false
  #isFirst = true

  constructor({ maxFrameBytes, onFrame }: { maxFrameBytes: number; onFrame: (frame: Buffer) => void }) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** True while part of a frame has arrived and the rest has not. */
  get isWithinFrame(): boolean {
    return this.#received > 0
  }

  /**
   * Takes the next bytes and hands out the frames they complete, without the size field. A frame may be a slice of `chunk`.
   * @throws BadFrameError
   */
  push(chunk: Buffer): void {
    let position = 0
    if (this.#received > 0) position = this.#complete(chunk)
    while (chunk.length - position >= sizeBytes) {
      const end = position + sizeBytes + this.#readSize(chunk, position)
      if (end > chunk.length) break
      this.#onFrame(chunk.subarray(position + sizeBytes, end))
      position = end
    }
    if (position < chunk.length) this.#gather(chunk, position, chunk.length)
  }

  /** Fills up the partial frame; returns how much of the chunk that took. */
  #complete(chunk: Buffer): number {
    let position = 0
    while (this.#received < this.#needed && position < chunk.length) {
      const end = Math.min(position + this.#needed - this.#received, chunk.length)
      this.#gather(chunk, position, end)
      position = end
    }
    if (this.#isSizeKnown && this.#received === this.#needed) {
      const frame = this.#partial!.subarray(sizeBytes, this.#received)
      this.#partial = null
      this.#received = 0
      this.#needed = sizeBytes
      this.#isSizeKnown = false
      this.#onFrame(frame)
    }
    return position
  }

  #gather(chunk: Buffer, start: number, end: number): void {
    const received = this.#received + end - start
    if (this.#partial === null || this.#partial.length < received) {
      const capacity = Math.max(received, Math.min(this.#needed, Math.max(2 * received, firstCapacity)))
      const grown = Buffer.allocUnsafeSlow(capacity)
      this.#partial?.copy(grown, 0, 0, this.#received)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#received, start, end)
    this.#received = received
    if (!this.#isSizeKnown && received >= sizeBytes) {
      this.#needed = sizeBytes + this.#readSize(this.#partial, 0)
      this.#isSizeKnown = true
    }
  }

  #readSize(bytes: Buffer, position: number): number {
    const size = bytes.readInt32BE(position)
    if (size < 0 || size > this.#maxFrameBytes)
      throw this.#badSize(bytes.subarray(position, position + sizeBytes), size)
    this.#isFirst = false
    return size
  }

  #badSize(bytes: Buffer, size: number): BadFrameError {
    const stranger = this.#isFirst ? strangerName(bytes) : null
    if (stranger !== null) {
      return new BadFrameError(`the client speaks ${stranger}, this port speaks the Kafka protocol without TLS`)
    }
    return new BadFrameError(
      size < 0
        ? `a request announces the negative size ${size}`
        : `a request announces ${size} bytes, socket.request.max.bytes allows ${this.#maxFrameBytes}`,
    )
  }
}

const httpMethods = ['GET ', 'POST', 'PUT ', 'HEAD', 'DELE', 'OPTI', 'PATC', 'CONN', 'TRAC', 'PRI ']

/** Who begins a conversation with these four bytes, if not a Kafka client. */
function strangerName(bytes: Buffer): string | null {
  if (httpMethods.includes(bytes.toString('latin1'))) return 'HTTP'
  if (bytes[0] === 0x16 && bytes[1] === 0x03) return 'TLS'
  if (bytes.toString('latin1') === 'SSH-') return 'SSH'
  return null
}
