/**
 * A segment's offset index: sparse pairs of (offset relative to the base offset, position in the log file), both int32, ascending.
 * An entry holds the LAST offset of the batch that starts at its position, as Kafka writes it. In memory; the bytes are the file's.
 * An index only says where to begin to look: whoever uses it walks batch headers from there, so a missing entry costs time, not truth.
 */

const entrySizeInBytes = 8
const maxRelativeOffset = 2 ** 31 - 1

export class OffsetIndex {
  readonly baseOffset: number
  readonly #maxEntries: number
  #entries: Buffer
  #count: number

  constructor({ baseOffset, maxSizeInBytes }: { baseOffset: number; maxSizeInBytes: number }) {
    this.baseOffset = baseOffset
    this.#maxEntries = Math.floor(maxSizeInBytes / entrySizeInBytes)
    this.#entries = Buffer.alloc(0)
    this.#count = 0
  }

  /** Null when the bytes can't be an index of a log file of that size: then it has to be rebuilt. */
  static parse(
    content: Buffer,
    options: { baseOffset: number; maxSizeInBytes: number; logSizeInBytes: number },
  ): OffsetIndex | null {
    const index = new OffsetIndex(options)
    index.#count = Math.floor(content.length / entrySizeInBytes)
    index.#entries = content
    // A file left by a crashed Apache Kafka is preallocated: zeroes follow the last entry.
    while (
      index.#count > 0 &&
      index.#relativeOffset(index.#count - 1) === 0 &&
      index.#position(index.#count - 1) === 0
    ) {
      index.#count--
    }
    if (content.length % entrySizeInBytes !== 0) return null
    for (let i = 0; i < index.#count; i++) {
      const ascends =
        i === 0 ||
        (index.#relativeOffset(i) > index.#relativeOffset(i - 1) && index.#position(i) > index.#position(i - 1))
      if (!ascends || index.#relativeOffset(i) < 0 || index.#position(i) >= options.logSizeInBytes) return null
    }
    return index
  }

  get entryCount(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= this.#maxEntries
  }

  canHold(offset: number): boolean {
    return offset >= this.baseOffset && offset - this.baseOffset <= maxRelativeOffset
  }

  append(offset: number, position: number): void {
    const at = this.#count * entrySizeInBytes
    if (at + entrySizeInBytes > this.#entries.length) {
      const grown = Buffer.alloc(Math.max(16 * entrySizeInBytes, this.#entries.length * 2))
      this.#entries.copy(grown, 0, 0, at)
      this.#entries = grown
    }
    this.#entries.writeInt32BE(offset - this.baseOffset, at)
    this.#entries.writeInt32BE(position, at + 4)
    this.#count++
  }

  /** The position of the last entry whose offset is at or below `offset`; 0 where there is none. */
  lookup(offset: number): number {
    const relative = offset - this.baseOffset
    const slot = this.#lastSlot(i => this.#relativeOffset(i) <= relative)
    return slot < 0 ? 0 : this.#position(slot)
  }

  /** The position of the last entry at or before `position`; 0 where there is none. A batch starts there. */
  lookupPosition(position: number): number {
    const slot = this.#lastSlot(i => this.#position(i) <= position)
    return slot < 0 ? 0 : this.#position(slot)
  }

  /** Forgets what lies at or beyond the position. */
  truncate(position: number): void {
    this.#count = this.#lastSlot(i => this.#position(i) < position) + 1
  }

  /** The file's content. */
  bytes(): Buffer {
    return this.#entries.subarray(0, this.#count * entrySizeInBytes)
  }

  #relativeOffset(slot: number): number {
    return this.#entries.readInt32BE(slot * entrySizeInBytes)
  }

  #position(slot: number): number {
    return this.#entries.readInt32BE(slot * entrySizeInBytes + 4)
  }

  /** The last slot for which the (monotone) condition holds, -1 where it never does. */
  #lastSlot(holds: (slot: number) => boolean): number {
    let low = -1
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (holds(middle)) low = middle
      else high = middle - 1
    }
    return low
  }
}
