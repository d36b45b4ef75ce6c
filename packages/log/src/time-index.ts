/**
 * A segment's time index: sparse pairs of (largest timestamp so far int64, offset relative to the base offset int32), both ascending.
 * An entry says: every record with a larger timestamp than this comes after this offset. In memory; the bytes are the file's.
 */

const entrySizeInBytes = 12

export interface TimestampOffset {
  timestamp: number
  /** The last offset of the batch that brought the timestamp. */
  offset: number
}

export class TimeIndex {
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

  /** Null when the bytes can't be a time index: then it has to be rebuilt. */
  static parse(content: Buffer, options: { baseOffset: number; maxSizeInBytes: number }): TimeIndex | null {
    if (content.length % entrySizeInBytes !== 0) return null
    const index = new TimeIndex(options)
    index.#entries = content
    index.#count = content.length / entrySizeInBytes
    // A file left by a crashed Apache Kafka is preallocated: zeroes follow the last entry.
    while (
      index.#count > 0 &&
      index.#timestamp(index.#count - 1) === 0 &&
      index.#relativeOffset(index.#count - 1) === 0
    ) {
      index.#count--
    }
    for (let i = 0; i < index.#count; i++) {
      if (!Number.isSafeInteger(index.#timestamp(i)) || index.#relativeOffset(i) < 0) return null
      if (i > 0 && index.#timestamp(i) <= index.#timestamp(i - 1)) return null
      if (i > 0 && index.#relativeOffset(i) < index.#relativeOffset(i - 1)) return null
    }
    return index
  }

  get entryCount(): number {
    return this.#count
  }

  /** One entry is kept back for the last one, which is written when the segment is closed. */
  get isFull(): boolean {
    return this.#count >= this.#maxEntries - 1
  }

  get last(): TimestampOffset | null {
    return this.#count === 0 ? null : this.#entry(this.#count - 1)
  }

  /** Only a larger timestamp than the last entry's makes an entry, and only while there is room for one. */
  maybeAppend({ timestamp, offset }: TimestampOffset): void {
    if (!this.isFull) this.appendLast({ timestamp, offset })
  }

  /**
   * The entry of a segment that is closed. There is always room for it, also where the index is rebuilt with a smaller
   * `segment.index.bytes` than it was made with: without it, a search for a time would pass over the segment.
   */
  appendLast({ timestamp, offset }: TimestampOffset): void {
    if (this.#count > 0 && timestamp <= this.#timestamp(this.#count - 1)) return
    if (timestamp < 0) return
    const at = this.#count * entrySizeInBytes
    if (at + entrySizeInBytes > this.#entries.length) {
      const grown = Buffer.alloc(Math.max(16 * entrySizeInBytes, this.#entries.length * 2))
      this.#entries.copy(grown, 0, 0, at)
      this.#entries = grown
    }
    this.#entries.writeBigInt64BE(BigInt(timestamp), at)
    this.#entries.writeInt32BE(offset - this.baseOffset, at + 8)
    this.#count++
  }

  /** The last entry that is older; null where none is: then such records may be anywhere. */
  lookup(timestamp: number): TimestampOffset | null {
    let low = -1
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#timestamp(middle) < timestamp) low = middle
      else high = middle - 1
    }
    return low < 0 ? null : this.#entry(low)
  }

  /** Forgets entries for this offset and later ones. */
  truncate(offset: number): void {
    while (this.#count > 0 && this.#entry(this.#count - 1).offset >= offset) this.#count--
  }

  /** The file's content. */
  bytes(): Buffer {
    return this.#entries.subarray(0, this.#count * entrySizeInBytes)
  }

  #entry(slot: number): TimestampOffset {
    return { timestamp: this.#timestamp(slot), offset: this.baseOffset + this.#relativeOffset(slot) }
  }

  #timestamp(slot: number): number {
    const at = slot * entrySizeInBytes
    return this.#entries.readInt32BE(at) * 2 ** 32 + this.#entries.readUInt32BE(at + 4)
  }

  #relativeOffset(slot: number): number {
    return this.#entries.readInt32BE(slot * entrySizeInBytes + 8)
  }
}
