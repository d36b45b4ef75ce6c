/**
 * Cuts a byte stream into Kafka's frames: int32 size, then as many bytes.
 *
 * Every frame is copied into memory of its own: what is read from a socket may be overwritten by the next read, and a batch
 * that is kept must not keep its neighbours in memory. Memory follows what has arrived, never what a size field promises: a
 * frame that comes in pieces is gathered in a buffer that doubles. So a peer costs at most twice the bytes it has sent (and
 * 1 KiB).
 */

/** The stream is not what Kafka clients send; nothing after this can be understood. */
export class BadFrameError extends Error {
  override readonly name = 'BadFrameError'
}

const sizeBytes = 4
const firstCapacity = 1024

export interface FrameReaderOptions {
  /** `socket.request.max.bytes` */
  readonly maxFrameBytes: number
  /** Gets each frame without its size field; the memory is its own. */
  readonly onFrame: (frame: Buffer) => void
}

export class FrameReader {
  readonly #options: FrameReaderOptions
  /** A frame that has not arrived as a whole, size field included; null between frames. */
  #partial: Buffer | null = null
  #received = 0
  /** What the partial frame needs in all; null while its size is not known yet. */
  #needed: number | null = null
  #isFirst = true

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** True while part of a frame has arrived and the rest has not. */
  get isWithinFrame(): boolean {
    return this.#received > 0
  }

  /**
   * Takes the next bytes and hands out the frames they complete. Keeps nothing of `chunk`.
   * @throws BadFrameError
   */
  push(chunk: Buffer): void {
    let position = this.#received > 0 ? this.#continue(chunk) : 0
    while (chunk.length - position >= sizeBytes) {
      const end = position + sizeBytes + this.#readSize(chunk, position)
      if (end > chunk.length) break
      this.#options.onFrame(copyOf(chunk, position + sizeBytes, end))
      position = end
    }
    if (position < chunk.length) this.#gather(chunk, position, chunk.length)
  }

  /** Fills up the partial frame; returns how much of the chunk that took. */
  #continue(chunk: Buffer): number {
    let position = 0
    while (position < chunk.length) {
      const end = Math.min(position + (this.#needed ?? sizeBytes) - this.#received, chunk.length)
      this.#gather(chunk, position, end)
      position = end
      if (this.#received !== this.#needed) continue
      const frame = this.#partial!.subarray(sizeBytes)
      this.#partial = null
      this.#received = 0
      this.#needed = null
      this.#options.onFrame(frame)
      return position
    }
    return position
  }

  #gather(chunk: Buffer, start: number, end: number): void {
    const received = this.#received + end - start
    if (this.#needed === null && received >= sizeBytes) {
      const head = Buffer.alloc(sizeBytes)
      this.#partial?.copy(head, 0, 0, this.#received)
      chunk.copy(head, this.#received, start, end)
      this.#needed = sizeBytes + this.#readSize(head, 0)
    }
    if (this.#partial === null || this.#partial.length < received) {
      const capacity = Math.max(2 * received, firstCapacity)
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#needed ?? sizeBytes, capacity))
      this.#partial?.copy(grown, 0, 0, this.#received)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#received, start, end)
    this.#received = received
  }

  #readSize(bytes: Buffer, position: number): number {
    const size = bytes.readInt32BE(position)
    if (size < 0 || size > this.#options.maxFrameBytes) {
      throw this.#badSize(bytes.subarray(position, position + sizeBytes), size)
    }
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
        : `a request announces ${size} bytes, socket.request.max.bytes allows ${this.#options.maxFrameBytes}`,
    )
  }
}

/** Larger frames get an ArrayBuffer of their own: kept, it keeps nothing else. */
const pooledBytes = 2048

function copyOf(chunk: Buffer, start: number, end: number): Buffer {
  const size = end - start
  const copy = size > pooledBytes ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size)
  chunk.copy(copy, 0, start, end)
  return copy
}

const httpMethods = ['GET ', 'POST', 'PUT ', 'HEAD', 'DELE', 'OPTI', 'PATC', 'CONN', 'TRAC', 'PRI ']

/** Who begins a conversation with these four bytes, if not a Kafka client. */
function strangerName(bytes: Buffer): string | null {
  if (httpMethods.includes(bytes.toString('latin1'))) return 'HTTP'
  if (bytes[0] === 0x16 && bytes[1] === 0x03) return 'TLS'
  if (bytes.toString('latin1') === 'SSH-') return 'SSH'
  return null
}
