/**
 * A record batch of magic 2 as a view on bytes: nothing is copied or parsed until it is asked for. The produce and fetch paths use
 * the header only and must never touch the records behind it.
 *
 * | at | bytes | field                       |     | at | bytes | field             |
 * | -- | ----- | --------------------------- | --- | -- | ----- | ----------------- |
 * | 0  | 8     | base offset                 |     | 27 | 8     | base timestamp    |
 * | 8  | 4     | batch length (from 12 on)   |     | 35 | 8     | maximum timestamp |
 * | 12 | 4     | partition leader epoch      |     | 43 | 8     | producer id       |
 * | 16 | 1     | magic                       |     | 51 | 2     | producer epoch    |
 * | 17 | 4     | CRC-32C of all from 21 on   |     | 53 | 4     | base sequence     |
 * | 21 | 2     | attributes                  |     | 57 | 4     | record count      |
 * | 23 | 4     | last offset delta           |     | 61 |       | records           |
 *
 * Base offset and leader epoch lie outside of the CRC, so a broker sets them in place. Offsets, timestamps (ms) and producer ids are
 * numbers; an offset past 2^53 makes the batch corrupt, a timestamp past it is rounded (the bytes stay as they are).
 */

import { CodecUnavailableError, type Compression, codecs, compressionNames } from './compression/index.ts'
import { CorruptBatchError } from './corrupt-batch-error.ts'
import { crc32c } from './crc32c.ts'
import { decodeRecords, type Record } from './record.ts'

export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** The bits of the attributes behind the three that number the codec. */
export const attributeFlags = { logAppendTime: 0x08, transactional: 0x10, control: 0x20, deleteHorizon: 0x40 } as const
const compressionMask = 0x07
const maxSequence = 2 ** 31 - 1

export class RecordBatch {
  static readonly overheadBytes = 61
  /** Bytes before the part that the batch length counts. */
  static readonly logOverheadBytes = 12

  readonly buffer: Buffer
  /** Where the batch begins in the buffer. */
  readonly position: number

  /** At least `overheadBytes` must be there: the getters read them without asking. `recordBatches` checks that and more. */
  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer
    this.position = position
  }

  /** Throws CorruptBatchError past 2^53 - 1 and below 0. */
  get baseOffset(): number {
    const offset = readInt64(this.buffer, this.position)
    if (offset < 0 || offset > Number.MAX_SAFE_INTEGER) {
      throw new CorruptBatchError('The base offset is not in 0 to 2^53 - 1', this.position)
    }
    return offset
  }

  /** Bytes that follow the first twelve. */
  get batchLength(): number {
    return this.buffer.readInt32BE(this.position + 8)
  }

  get sizeInBytes(): number {
    return RecordBatch.logOverheadBytes + this.batchLength
  }

  get partitionLeaderEpoch(): number {
    return this.buffer.readInt32BE(this.position + 12)
  }

  get magic(): number {
    return this.buffer.readInt8(this.position + 16)
  }

  get crc(): number {
    return this.buffer.readUInt32BE(this.position + 17)
  }

  get attributes(): number {
    return this.buffer.readInt16BE(this.position + 21)
  }

  get lastOffsetDelta(): number {
    return this.buffer.readInt32BE(this.position + 23)
  }

  /** Where `hasDeleteHorizon` is set, this field holds the delete horizon (KIP-534), which `baseTimestamp` then returns. */
  get baseTimestamp(): number {
    return readInt64(this.buffer, this.position + 27)
  }

  get maxTimestamp(): number {
    return readInt64(this.buffer, this.position + 35)
  }

  /** -1 where the producer is not idempotent. */
  get producerId(): number {
    return readInt64(this.buffer, this.position + 43)
  }

  get producerEpoch(): number {
    return this.buffer.readInt16BE(this.position + 51)
  }

  get baseSequence(): number {
    return this.buffer.readInt32BE(this.position + 53)
  }

  get recordCount(): number {
    return this.buffer.readInt32BE(this.position + 57)
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta
  }

  get nextOffset(): number {
    return this.lastOffset + 1
  }

  /** Sequences wrap from 2^31 - 1 to 0, inside a batch too; -1 where there is none. */
  get lastSequence(): number {
    const { baseSequence } = this
    if (baseSequence < 0) return baseSequence
    const last = baseSequence + this.lastOffsetDelta
    return last > maxSequence ? last - maxSequence - 1 : last
  }

  /** Throws CorruptBatchError on a codec that nobody has defined. */
  get compression(): Compression {
    const name = compressionNames[this.attributes & compressionMask]
    if (name === undefined) {
      throw new CorruptBatchError(`Unknown compression codec ${this.attributes & compressionMask}`, this.position)
    }
    return name
  }

  get timestampType(): TimestampType {
    return (this.attributes & attributeFlags.logAppendTime) === 0 ? 'CreateTime' : 'LogAppendTime'
  }

  get isTransactional(): boolean {
    return (this.attributes & attributeFlags.transactional) !== 0
  }

  get isControl(): boolean {
    return (this.attributes & attributeFlags.control) !== 0
  }

  get hasDeleteHorizon(): boolean {
    return (this.attributes & attributeFlags.deleteHorizon) !== 0
  }

  /** False also where the batch is not all there. */
  isCrcValid(): boolean {
    if (!this.#isWhole()) return false
    const { buffer, position, sizeInBytes } = this
    return this.crc === crc32c(buffer, position + 21, position + sizeInBytes)
  }

  #isWhole(): boolean {
    const { sizeInBytes } = this
    return sizeInBytes >= RecordBatch.overheadBytes && this.position + sizeInBytes <= this.buffer.length
  }

  setBaseOffset(offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`${offset} is no offset`)
    this.buffer.writeInt32BE(Math.floor(offset / 0x100000000), this.position)
    this.buffer.writeUInt32BE(offset % 0x100000000, this.position + 4)
  }

  setPartitionLeaderEpoch(epoch: number): void {
    this.buffer.writeInt32BE(epoch, this.position + 12)
  }

  /** Makes the append time the maximum timestamp, which then counts for all records, and computes the CRC anew. */
  setLogAppendTime(timestampMs: number): void {
    const { buffer, position, sizeInBytes } = this
    buffer.writeInt16BE(this.attributes | attributeFlags.logAppendTime, position + 21)
    buffer.writeBigInt64BE(BigInt(timestampMs), position + 35)
    buffer.writeUInt32BE(crc32c(buffer, position + 21, position + sizeInBytes), position + 17)
  }

  /**
   * The records, decoded one by one as they are asked for; a compressed batch is decompressed as a whole first, never to more than
   * `maxDecompressedBytes`. Keys and values are slices, not copies. Throws CorruptBatchError, and CodecUnavailableError where the
   * machine lacks a codec; the CRC is not checked here.
   */
  *records({ maxDecompressedBytes }: { maxDecompressedBytes: number }): Generator<Record> {
    const { buffer, position, sizeInBytes, magic } = this
    if (magic !== 2) throw new CorruptBatchError(`Record batches of magic ${magic} are not read`, position)
    if (!this.#isWhole())
      throw new CorruptBatchError(`A record batch of ${sizeInBytes} bytes is not all there`, position)
    const stored = buffer.subarray(position + RecordBatch.overheadBytes, position + sizeInBytes)
    const { baseOffset, lastOffsetDelta, baseTimestamp, recordCount } = this
    yield* decodeRecords({
      payload: this.#decompress(stored, maxDecompressedBytes),
      baseOffset,
      lastOffsetDelta,
      baseTimestamp,
      recordCount,
      appendTimestamp: this.timestampType === 'LogAppendTime' ? this.maxTimestamp : undefined,
      position,
    })
  }

  #decompress(stored: Buffer, maxDecompressedBytes: number): Buffer {
    const { compression, position } = this
    if (compression === 'none') return stored
    try {
      return codecs[compression].decompress(stored, maxDecompressedBytes)
    } catch (error) {
      if (error instanceof CodecUnavailableError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new CorruptBatchError(`The ${compression} data can't be decompressed: ${reason}`, position)
    }
  }
}

/** As a number: exact up to 2^53, the nearest one beyond. */
function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * 0x100000000 + buffer.readUInt32BE(position + 4)
}

/**
 * The batches that stand one behind the other in the buffer. Throws CorruptBatchError, with its position, at the first that is torn or
 * malformed. Checks no CRC.
 */
export function* recordBatches(buffer: Buffer): Generator<RecordBatch> {
  let position = 0
  while (position < buffer.length) {
    const left = buffer.length - position
    if (left < RecordBatch.overheadBytes) {
      throw new CorruptBatchError(`${left} bytes are too few for a record batch`, position)
    }
    const batch = new RecordBatch(buffer, position)
    const { sizeInBytes, magic } = batch
    if (sizeInBytes < RecordBatch.overheadBytes || sizeInBytes > left) {
      throw new CorruptBatchError(
        `A record batch of ${sizeInBytes} bytes does not fit the ${left} bytes left`,
        position,
      )
    }
    if (magic !== 2) throw new CorruptBatchError(`Record batches of magic ${magic} are not read`, position)
    yield batch
    position += sizeInBytes
  }
}
