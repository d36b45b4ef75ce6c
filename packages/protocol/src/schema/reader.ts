/**
 * Reads the protocol's primitive types from a buffer, in order. Every length is checked against the bytes left before anything is
 * read or allocated, so hostile bytes cost no more than themselves; all that is thrown is MalformedMessageError. Bytes and record
 * sets come out as views on the buffer, never as copies.
 */

import { MalformedMessageError } from './malformed-message-error.ts'

/** Kafka's limit for every string, whatever its length prefix could hold. */
export const maxStringBytes = 0x7fff

/**
 * Elements of arrays, and tagged fields, that one message may hold. Memory follows the bytes that came, but an object takes many times
 * the bytes of the smallest element: without a bound 100 MB of empty names would become gigabytes. No client comes near it.
 */
export const maxElements = 1_000_000

/** Strings up to this length are read by a loop while they are ASCII: a call into the runtime costs more than their bytes. */
const shortStringBytes = 24

/** One for all, so that a message full of empty fields costs no views. */
const emptyBytes = Buffer.alloc(0)

export class Reader {
  readonly buffer: Buffer
  /** The next byte to read. */
  position: number
  /** Exclusive. */
  readonly end: number
  readonly #view: DataView
  #elementsLeft = maxElements

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = position
    this.end = end
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** Moves over `bytes` bytes and returns where they began. */
  #take(bytes: number): number {
    const start = this.position
    if (bytes > this.end - start) throw this.#tooShort(bytes)
    this.position = start + bytes
    return start
  }

  #tooShort(bytes: number): MalformedMessageError {
    return this.malformed(`${bytes} bytes wanted, ${this.remaining} left`)
  }

  /** The error to throw, with the position in its message. */
  malformed(reason: string): MalformedMessageError {
    return new MalformedMessageError(`${reason} (at byte ${this.position} of ${this.end})`)
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  boolean(): boolean {
    return this.#view.getInt8(this.#take(1)) !== 0
  }

  uuid(): string {
    const start = this.#take(16)
    return this.buffer.toString('base64url', start, start + 16)
  }

  /** Unsigned, at most 32 bits: five bytes of seven bits each, lowest first. */
  varuint(): number {
    const first = this.#view.getUint8(this.#take(1))
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.#view.getUint8(this.#take(1))
      if (shift === 28 && byte > 0x0f) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.malformed('a varint of more than 32 bits')
  }

  string(): string {
    return this.#notNull(this.nullableString())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.#utf8(length)
  }

  compactString(): string {
    return this.#notNull(this.compactNullableString())
  }

  compactNullableString(): string | null {
    const length = this.varuint() - 1
    if (length > maxStringBytes) throw this.malformed(`a string of ${length} bytes`)
    return length < 0 ? null : this.#utf8(length)
  }

  /** Bytes that are not UTF-8 become U+FFFD, as in Kafka. */
  #utf8(length: number): string {
    const start = this.#take(length)
    const end = start + length
    if (length <= shortStringBytes) {
      let text = ''
      let position = start
      for (; position < end; position++) {
        const byte = this.#view.getUint8(position)
        if (byte >= 0x80) break
        text += String.fromCharCode(byte)
      }
      if (position === end) return text
    }
    return this.buffer.toString('utf8', start, end)
  }

  bytes(): Buffer {
    return this.#notNull(this.nullableBytes())
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? null : this.slice(length)
  }

  compactBytes(): Buffer {
    return this.#notNull(this.compactNullableBytes())
  }

  compactNullableBytes(): Buffer | null {
    const length = this.varuint() - 1
    return length < 0 ? null : this.slice(length)
  }

  /** A view on the next `length` bytes. */
  slice(length: number): Buffer {
    const start = this.#take(length)
    return length === 0 ? emptyBytes : this.buffer.subarray(start, start + length)
  }

  /** The number of elements, -1 for null. `minimumElementBytes` is what the smallest element takes. */
  arrayLength(minimumElementBytes: number): number {
    const length = this.int32()
    return length < 0 ? -1 : this.#checkedLength(length, minimumElementBytes)
  }

  compactArrayLength(minimumElementBytes: number): number {
    const length = this.varuint() - 1
    return length < 0 ? -1 : this.#checkedLength(length, minimumElementBytes)
  }

  #checkedLength(length: number, minimumElementBytes: number): number {
    if (length * minimumElementBytes > this.remaining) {
      throw this.malformed(
        `${length} elements of at least ${minimumElementBytes} bytes announced, ${this.remaining} bytes left`,
      )
    }
    this.#elementsLeft -= length
    if (this.#elementsLeft < 0) throw this.malformed(`more than ${maxElements} elements`)
    return length
  }

  /** How many tagged fields follow: each takes two bytes or more. */
  taggedFieldCount(): number {
    const count = this.varuint()
    return count === 0 ? 0 : this.#checkedLength(count, 2)
  }

  /** The next tag. Tags ascend, none comes twice; `previous` is -1 before the first. */
  tag(previous: number): number {
    const tag = this.varuint()
    if (tag <= previous) throw this.malformed(`tag ${tag} after tag ${previous}`)
    return tag
  }

  /** The size of the tagged field that follows, as the position where it must end. */
  taggedFieldEnd(): number {
    const size = this.varuint()
    if (size > this.remaining) throw this.#tooShort(size)
    return this.position + size
  }

  /** Refuses a tagged field whose content is longer or shorter than its size said. */
  endTaggedField(end: number): void {
    if (this.position !== end) throw this.malformed(`a tagged field ends at ${this.position}, not at ${end}`)
  }

  /** Tagged fields that nobody here knows: checked, not kept. */
  skipTaggedFields(): void {
    let previous = -1
    for (let count = this.taggedFieldCount(); count > 0; count--) {
      previous = this.tag(previous)
      this.position = this.taggedFieldEnd()
    }
  }

  /** A value the schema does not allow to be null. */
  #notNull<T>(value: T | null): T {
    if (value === null) throw this.malformed('null where a value must be')
    return value
  }
}
