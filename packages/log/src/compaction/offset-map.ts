/**
 * What compaction knows of the part of a log that is new: for each key the offset of its last record. A fixed block of memory,
 * nothing on the heap: 24 bytes an entry, 16 of them a digest of the key. Digests are compared, never keys: SHA-256 cut to 128 bits,
 * so that nobody can make two keys that meet (Apache Kafka's MD5 allows that, and the older record would be lost).
 *
 * Open addressing; entries are only added or raised. When it is full the caller stops and makes another pass later.
 */

import { hash } from 'node:crypto'

const intsPerEntry = 6
const highestOffsetAt = 4

export const bytesPerEntry = intsPerEntry * 4

export class OffsetMap {
  readonly #capacity: number
  readonly #slotCount: number
  /** Four ints of digest, then offset + 1 as two: zero where the slot is free. */
  readonly #slots: Int32Array
  #size = 0

  /** At most `maxBytes`, and not more than `maxEntries` need. `loadFactor`: the share of the slots that is ever used. */
  constructor({ maxBytes, maxEntries, loadFactor }: { maxBytes: number; maxEntries: number; loadFactor: number }) {
    const affordable = Math.floor(maxBytes / bytesPerEntry)
    this.#slotCount = Math.max(2, Math.min(affordable, Math.ceil(maxEntries / loadFactor) + 1))
    this.#capacity = Math.max(1, Math.min(this.#slotCount - 1, Math.floor(this.#slotCount * loadFactor)))
    this.#slots = new Int32Array(this.#slotCount * intsPerEntry)
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity
  }

  /** Offsets have to come in ascending order. False when a new key finds no room: nothing is changed then. */
  put(key: Buffer, offset: number): boolean {
    const digest = digestOf(key)
    const at = this.#find(digest)
    const slots = this.#slots
    if (isFree(slots, at)) {
      if (this.isFull) return false
      for (let i = 0; i < highestOffsetAt; i++) slots[at + i] = digest.readInt32LE(i * 4)
      this.#size++
    }
    const stored = offset + 1
    slots[at + highestOffsetAt] = Math.floor(stored / 2 ** 32)
    slots[at + highestOffsetAt + 1] = stored | 0
    return true
  }

  /** -1 for a key that is not known. */
  get(key: Buffer): number {
    const slots = this.#slots
    const at = this.#find(digestOf(key))
    return slots[at + highestOffsetAt]! * 2 ** 32 + (slots[at + highestOffsetAt + 1]! >>> 0) - 1
  }

  /** Where the digest's entry is, or would be. There is always a free slot. */
  #find(digest: Buffer): number {
    const slots = this.#slots
    const first = digest.readInt32LE(0)
    const second = digest.readInt32LE(4)
    const third = digest.readInt32LE(8)
    const fourth = digest.readInt32LE(12)
    let slot = digest.readUIntLE(0, 6) % this.#slotCount
    for (;;) {
      const at = slot * intsPerEntry
      if (isFree(slots, at)) return at
      if (slots[at] === first && slots[at + 1] === second && slots[at + 2] === third && slots[at + 3] === fourth) {
        return at
      }
      slot = slot + 1 === this.#slotCount ? 0 : slot + 1
    }
  }
}

function isFree(slots: Int32Array, at: number): boolean {
  return slots[at + highestOffsetAt] === 0 && slots[at + highestOffsetAt + 1] === 0
}

function digestOf(key: Buffer): Buffer {
  return hash('sha256', key, 'buffer')
}
