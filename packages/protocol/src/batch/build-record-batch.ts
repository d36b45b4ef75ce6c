/** Builds a record batch of magic 2 from records, compressed or not, with its CRC. */

import { type Compression, codecs, compressionNames } from './compression/index.ts'
import { crc32c } from './crc32c.ts'
import { encodeRecords, type RecordInput } from './record.ts'
import { attributeFlags, RecordBatch, type TimestampType } from './record-batch.ts'

export interface RecordBatchInput {
  baseOffset: number
  /** Records with an `offset` keep it, which may leave gaps, as compaction does; others are numbered from the base offset. */
  records: readonly (RecordInput & { offset?: number })[]
  /** Kept where the last records are gone: the batch still spans up to here. */
  lastOffset?: number
  compression?: Compression
  timestampType?: TimestampType
  /** With LogAppendTime the time that counts for all records; else the largest of the records. */
  maxTimestamp?: number
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  transactional?: boolean
  control?: boolean
  partitionLeaderEpoch?: number
  /** Takes the base timestamp's place (KIP-534). */
  deleteHorizonMs?: number
}

/** What is left out is -1, false, or follows from the records. */
export function buildRecordBatch(input: RecordBatchInput): Buffer {
  const { baseOffset, records, compression = 'none', timestampType = 'CreateTime', deleteHorizonMs } = input
  const offsetDeltas = records.map((record, index) => (record.offset ?? baseOffset + index) - baseOffset)
  const lastOffsetDelta = input.lastOffset === undefined ? (offsetDeltas.at(-1) ?? -1) : input.lastOffset - baseOffset
  const baseTimestamp = deleteHorizonMs ?? records[0]?.timestamp ?? -1
  const maxTimestamp = input.maxTimestamp ?? records.reduce((max, { timestamp }) => Math.max(max, timestamp), -1)
  const plain = encodeRecords(records, { baseTimestamp, offsetDeltas })
  const payload = compression === 'none' ? plain : codecs[compression].compress(plain)

  const buffer = Buffer.allocUnsafe(RecordBatch.overheadBytes + payload.length)
  const batch = new RecordBatch(buffer, 0)
  batch.setBaseOffset(baseOffset)
  buffer.writeInt32BE(buffer.length - RecordBatch.logOverheadBytes, 8)
  batch.setPartitionLeaderEpoch(input.partitionLeaderEpoch ?? -1)
  buffer.writeInt8(2, 16)
  let attributes = compressionNames.indexOf(compression)
  if (timestampType === 'LogAppendTime') attributes |= attributeFlags.logAppendTime
  if (input.transactional) attributes |= attributeFlags.transactional
  if (input.control) attributes |= attributeFlags.control
  if (deleteHorizonMs !== undefined) attributes |= attributeFlags.deleteHorizon
  buffer.writeInt16BE(attributes, 21)
  buffer.writeInt32BE(lastOffsetDelta, 23)
  buffer.writeBigInt64BE(BigInt(baseTimestamp), 27)
  buffer.writeBigInt64BE(BigInt(maxTimestamp), 35)
  buffer.writeBigInt64BE(BigInt(input.producerId ?? -1), 43)
  buffer.writeInt16BE(input.producerEpoch ?? -1, 51)
  buffer.writeInt32BE(input.baseSequence ?? -1, 53)
  buffer.writeInt32BE(records.length, 57)
  payload.copy(buffer, RecordBatch.overheadBytes)
  buffer.writeUInt32BE(crc32c(buffer, 21), 17)
  return buffer
}
