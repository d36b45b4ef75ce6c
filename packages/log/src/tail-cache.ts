/**
 * The newest bytes of every log, kept in memory within one budget for all of them, so that a consumer near the end costs no file
 * read. The oldest bytes leave first, whichever log they belong to.
 *
 *   CachedTail (one a partition)   [chunk][chunk][chunk]     ascending, without gaps, up to the log's end
 *   TailCache  (one a directory)   all chunks by age, and the bytes they hold on to
 *
 * A slice keeps the whole ArrayBuffer alive that it was cut from, so a batch that fills its ArrayBuffer badly is copied into a
 * chunk that collects small batches. What is counted is what is kept alive. Bytes that are not written yet are never dropped.
 */

import { recordBatchBaseOffset, recordBatchEndOffset, recordBatchSizeInBytes } from './batch-scan.ts'

const collectingChunkSizeInBytes = 16 * 1024
/** A slice smaller than this share of its ArrayBuffer is copied. */
const minShareOfArrayBuffer = 3 / 4

interface Chunk {
  tail: CachedTail
  baseOffset: number
  /** Exclusive. */
  endOffset: number
  buffer: Buffer
  usedBytes: number
  /** What it keeps alive. */
  heldBytes: number
}

export class TailCache {
  readonly #budgetBytes: number
  readonly #chunks = new Set<Chunk>()
  #heldBytes = 0

  constructor({ budgetBytes }: { budgetBytes: number }) {
    this.#budgetBytes = budgetBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  add(chunk: Chunk): void {
    this.#chunks.add(chunk)
    this.#heldBytes += chunk.heldBytes
    if (this.#heldBytes > this.#budgetBytes) this.#evict()
  }

  remove(chunk: Chunk): void {
    if (this.#chunks.delete(chunk)) this.#heldBytes -= chunk.heldBytes
  }

  #evict(): void {
    for (const chunk of this.#chunks) {
      if (this.#heldBytes <= this.#budgetBytes) return
      if (chunk.tail.dropOldest(chunk)) this.remove(chunk)
    }
  }
}

export class CachedTail {
  readonly #cache: TailCache
  readonly #writtenEndOffset: () => number
  #chunks: Chunk[] = []
  #collecting: Chunk | undefined

  /** `writtenEndOffset`: what lies below it is in the file and may be dropped. */
  constructor({ cache, writtenEndOffset }: { cache: TailCache; writtenEndOffset: () => number }) {
    this.#cache = cache
    this.#writtenEndOffset = writtenEndOffset
  }

  /** Takes over one batch (with its offsets set) at the end. Returns the bytes to write: the same ones, or the copy that is kept. */
  append({ bytes, baseOffset, endOffset }: { bytes: Buffer; baseOffset: number; endOffset: number }): Buffer {
    if (
      bytes.length >= collectingChunkSizeInBytes / 4 &&
      bytes.length >= bytes.buffer.byteLength * minShareOfArrayBuffer
    ) {
      this.#collecting = undefined
      const heldBytes = bytes.buffer.byteLength
      this.#push({ tail: this, baseOffset, endOffset, buffer: bytes, usedBytes: bytes.length, heldBytes })
      return bytes
    }
    let chunk = this.#collecting
    if (!chunk || chunk.usedBytes + bytes.length > chunk.buffer.length) {
      const heldBytes = Math.max(collectingChunkSizeInBytes, bytes.length)
      const buffer = Buffer.allocUnsafeSlow(heldBytes)
      chunk = { tail: this, baseOffset, endOffset, buffer, usedBytes: 0, heldBytes }
      this.#collecting = chunk
      this.#push(chunk)
    }
    const start = chunk.usedBytes
    bytes.copy(chunk.buffer, start)
    chunk.usedBytes += bytes.length
    chunk.endOffset = endOffset
    return chunk.buffer.subarray(start, chunk.usedBytes)
  }

  /**
   * Whole batches from the one that contains `fromOffset`, up to the batch that reaches `endOffset`. At most `maxBytes`, but always the
   * first batch where `minOneBatch`. Null when the cache does not reach back that far.
   */
  read({ fromOffset, endOffset, maxBytes, minOneBatch }: TailReadOptions): Buffer[] | null {
    let index = this.#chunkIndex(fromOffset)
    if (index < 0) return null
    const buffers: Buffer[] = []
    let budget = maxBytes
    for (; index < this.#chunks.length && this.#chunks[index]!.baseOffset < endOffset; index++) {
      const { buffer, usedBytes, endOffset: chunkEndOffset } = this.#chunks[index]!
      const start = buffers.length === 0 ? positionOf(buffer, usedBytes, fromOffset) : 0
      let end = usedBytes
      if (end - start > budget || chunkEndOffset > endOffset) {
        end = start
        while (end < usedBytes && recordBatchBaseOffset(buffer, end) < endOffset) {
          const next = end + recordBatchSizeInBytes(buffer, end)
          if (next - start > budget && !(minOneBatch && buffers.length === 0 && end === start)) break
          end = next
        }
      }
      if (end > start) buffers.push(buffer.subarray(start, end))
      budget -= end - start
      if (end < usedBytes || budget <= 0) break
    }
    return buffers
  }

  /** Forgets this offset and what follows: it was taken back. */
  truncate(offset: number): void {
    this.#collecting = undefined // readers may hold slices of it
    while (this.#chunks.length > 0) {
      const last = this.#chunks.at(-1)!
      if (last.endOffset <= offset) return
      if (last.baseOffset >= offset) {
        this.#chunks.pop()
        this.#cache.remove(last)
        continue
      }
      last.usedBytes = positionOf(last.buffer, last.usedBytes, offset)
      last.endOffset = offset
    }
  }

  /** What comes next begins a new chunk: a segment ends here. */
  endChunk(): void {
    this.#collecting = undefined
  }

  /** Forgets what lies below the offset, where a segment begins: it has been compacted. */
  dropBelow(offset: number): void {
    while (this.#chunks[0] && this.#chunks[0].endOffset <= offset) this.#cache.remove(this.#chunks.shift()!)
  }

  clear(): void {
    for (const chunk of this.#chunks) this.#cache.remove(chunk)
    this.#chunks = []
    this.#collecting = undefined
  }

  /** False when the chunk has to stay: it is not written yet. */
  dropOldest(chunk: Chunk): boolean {
    if (chunk.endOffset > this.#writtenEndOffset() || this.#chunks[0] !== chunk) return false
    this.#chunks.shift()
    if (chunk === this.#collecting) this.#collecting = undefined
    return true
  }

  #push(chunk: Chunk): void {
    this.#chunks.push(chunk)
    this.#cache.add(chunk)
  }

  #chunkIndex(offset: number): number {
    const chunks = this.#chunks
    if (chunks.length === 0 || offset < chunks[0]!.baseOffset || offset >= chunks.at(-1)!.endOffset) return -1
    let low = 0
    let high = chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (chunks[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

export interface TailReadOptions {
  fromOffset: number
  /** Exclusive. */
  endOffset: number
  maxBytes: number
  minOneBatch: boolean
}

/** The position of the batch that contains the offset; the end where all batches end before it. */
function positionOf(buffer: Buffer, usedBytes: number, offset: number): number {
  let at = 0
  while (at < usedBytes && recordBatchEndOffset(buffer, at) <= offset) at += recordBatchSizeInBytes(buffer, at)
  return at
}
