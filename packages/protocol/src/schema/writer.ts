/**
 * Writes the protocol's primitive types. Small values are collected in chunks; large byte fields (record sets above all) are taken by
 * reference, so that a Fetch answer goes from file to socket without a copy: whoever passes such a buffer must not change it until the
 * chunks have left. What does not fit its type is a bug of the caller and throws a RangeError or TypeError; nothing is ever truncated.
 */

import { maxStringBytes } from './reader.ts'

const firstChunkBytes = 256
const frameSizeBytes = 4
const largestChunkBytes = 64 * 1024
/** Shorter byte fields are copied: a chunk of its own costs more. */
const byReferenceBytes = 1024
const shortStringChars = 40

export interface WriterOptions {
  /** Begins with a four-byte size, which `finish` fills in: a frame ready for the socket. */
  frame?: boolean
}

export class Writer {
  readonly #frame: boolean
  readonly #chunks: Buffer[] = []
  #finishedBytes = 0
  #buffer = Buffer.allocUnsafe(firstChunkBytes)
  #view = viewOf(this.#buffer)
  /** Where the current chunk begins in the buffer. */
  #start = 0
  #position = 0

  constructor({ frame = false }: WriterOptions = {}) {
    this.#frame = frame
    if (frame) this.#position = frameSizeBytes
  }

  /** All that was written, a frame's own size field with it. */
  get sizeInBytes(): number {
    return this.#finishedBytes + this.#position - this.#start
  }

  /** All that was written, in order. The writer must not be used afterwards. */
  finish(): Buffer[] {
    const size = this.sizeInBytes
    this.#endChunk()
    if (this.#frame) this.#chunks[0]!.writeInt32BE(size - frameSizeBytes, 0)
    return this.#chunks
  }

  /** As `finish`, in one buffer. */
  finishBuffer(): Buffer {
    const chunks = this.finish()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #endChunk(): void {
    if (this.#position === this.#start) return
    this.#push(this.#buffer.subarray(this.#start, this.#position))
    this.#start = this.#position
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#finishedBytes += chunk.length
  }

  /**
   * Makes room for `bytes` more bytes, moves over them and returns where they begin. Call it in a statement of its own: it may replace
   * the buffer and its view.
   */
  #take(bytes: number): number {
    if (this.#position + bytes > this.#buffer.length) this.#grow(bytes)
    const start = this.#position
    this.#position = start + bytes
    return start
  }

  #grow(bytes: number): void {
    this.#endChunk()
    const size = Math.min(this.#buffer.length * 2, largestChunkBytes)
    this.#buffer = Buffer.allocUnsafe(Math.max(size, bytes))
    this.#view = viewOf(this.#buffer)
    this.#start = 0
    this.#position = 0
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange('int8', value)
    const at = this.#take(1)
    this.#view.setInt8(at, value)
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange('int16', value)
    const at = this.#take(2)
    this.#view.setInt16(at, value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange('int32', value)
    const at = this.#take(4)
    this.#view.setInt32(at, value)
  }

  int64(value: number | bigint): void {
    if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) throw outOfRange('int64', value)
      const at = this.#take(8)
      this.#view.setBigInt64(at, value)
      return
    }
    if (!Number.isSafeInteger(value)) throw outOfRange('int64', value)
    const start = this.#take(8)
    this.#view.setInt32(start, Math.floor(value * 2 ** -32))
    this.#view.setUint32(start + 4, value >>> 0)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange('uint16', value)
    const at = this.#take(2)
    this.#view.setUint16(at, value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange('uint32', value)
    const at = this.#take(4)
    this.#view.setUint32(at, value)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw outOfRange('float64', value)
    const at = this.#take(8)
    this.#view.setFloat64(at, value)
  }

  boolean(value: boolean): void {
    if (typeof value !== 'boolean') throw outOfRange('boolean', value)
    const at = this.#take(1)
    this.#view.setInt8(at, value ? 1 : 0)
  }

  uuid(value: string): void {
    const start = this.#take(16)
    if (value.length !== 22 || this.#buffer.write(value, start, 16, 'base64url') !== 16) throw outOfRange('uuid', value)
  }

  varuint(value: number): void {
    if (value < 0x80 && value >= 0) {
      this.#uint8(value)
      return
    }
    if (value >>> 0 !== value) throw outOfRange('varuint', value)
    let rest = value
    for (; rest >= 0x80; rest >>>= 7) this.#uint8((rest & 0x7f) | 0x80)
    this.#uint8(rest)
  }

  #uint8(value: number): void {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
  }

  string(value: string): void {
    const length = value.length
    if (length <= shortStringChars) {
      const start = this.#take(2 + length)
      if (this.#ascii(value, start + 2)) {
        this.#view.setInt16(start, length)
        return
      }
      this.#position = start
    }
    const bytes = utf8Length(value)
    this.int16(bytes)
    this.#utf8(value, bytes)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const length = value.length
    if (length <= shortStringChars) {
      const start = this.#take(1 + length)
      if (this.#ascii(value, start + 1)) {
        this.#view.setUint8(start, length + 1)
        return
      }
      this.#position = start
    }
    const bytes = utf8Length(value)
    this.varuint(bytes + 1)
    this.#utf8(value, bytes)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.varuint(0)
    else this.compactString(value)
  }

  /** Writes the string if it is ASCII, and says whether it is. */
  #ascii(value: string, start: number): boolean {
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code >= 0x80) return false
      this.#view.setUint8(start + index, code)
    }
    return true
  }

  #utf8(value: string, bytes: number): void {
    const start = this.#take(bytes)
    this.#buffer.write(value, start, bytes, 'utf8')
  }

  bytes(value: ByteChunks): void {
    this.int32(byteLength(value))
    this.raw(value)
  }

  nullableBytes(value: ByteChunks | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: ByteChunks): void {
    this.varuint(byteLength(value) + 1)
    this.raw(value)
  }

  compactNullableBytes(value: ByteChunks | null): void {
    if (value === null) this.varuint(0)
    else this.compactBytes(value)
  }

  /** Bytes without a length before them. */
  raw(value: ByteChunks): void {
    if (ArrayBuffer.isView(value)) this.#append(value)
    else for (const chunk of value) this.#append(chunk)
  }

  #append(chunk: Buffer): void {
    if (chunk.length < byReferenceBytes) {
      const start = this.#take(chunk.length)
      this.#buffer.set(chunk, start)
      return
    }
    this.#endChunk()
    this.#push(chunk)
  }

  /** -1 stands for null. */
  arrayLength(length: number): void {
    this.int32(length)
  }

  compactArrayLength(length: number): void {
    this.varuint(length + 1)
  }

  /** A tagged field whose size is not known beforehand. */
  taggedField(tag: number, write: (writer: Writer) => void): void {
    const content = new Writer()
    write(content)
    this.varuint(tag)
    this.varuint(content.sizeInBytes)
    this.raw(content.finish())
  }
}

/** A byte field's value: one buffer, or several that follow each other. */
export type ByteChunks = Buffer | readonly Buffer[]

function byteLength(value: ByteChunks): number {
  if (ArrayBuffer.isView(value)) return value.length
  let bytes = 0
  for (const chunk of value) bytes += chunk.length
  return bytes
}

function utf8Length(value: string): number {
  const bytes = Buffer.byteLength(value, 'utf8')
  if (bytes > maxStringBytes)
    throw new RangeError(`a string of ${bytes} bytes: the protocol's limit is ${maxStringBytes}`)
  return bytes
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}

function outOfRange(type: string, value: unknown): RangeError {
  return new RangeError(`not a valid ${type}: ${String(value)}`)
}
