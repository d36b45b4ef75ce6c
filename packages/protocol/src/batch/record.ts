/** The records inside a batch (magic 2), decoded lazily within bounds, and encoded. */

import { CorruptBatchError } from './corrupt-batch-error.ts'
import { VarintReader, varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

export interface RecordHeader {
  key: string
  value: Buffer | null
}

export interface Record {
  offset: number
  /** Milliseconds since 1970; the batch's append time where its timestamp type is LogAppendTime. */
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: RecordHeader[]
}

interface RecordsSource {
  /** The records' bytes, not compressed. */
  payload: Buffer
  baseOffset: number
  lastOffsetDelta: number
  baseTimestamp: number
  recordCount: number
  appendTimestamp: number | undefined
  /** The batch's position, for errors. */
  position: number
}

/**
 * Throws CorruptBatchError where the bytes are not exactly `recordCount` records whose offsets rise and stay inside the batch (compaction
 * leaves gaps, so they need not be neighbours).
 */
export function* decodeRecords(source: RecordsSource): Generator<Record> {
  const { payload, recordCount, lastOffsetDelta, position } = source
  const reader = new VarintReader(payload)
  // No record has fewer than seven bytes: a count past that is a lie, told before anything is yielded.
  if (recordCount < 0 || recordCount > payload.length / 7) {
    throw new CorruptBatchError(`${recordCount} records do not fit in ${payload.length} bytes`, position)
  }
  let lowestOffsetDelta = 0
  for (let index = 0; index < recordCount; index++) {
    let decoded: { record: Record; offsetDelta: number }
    try {
      decoded = decodeRecord(reader, source)
      const { offsetDelta } = decoded
      if (offsetDelta < lowestOffsetDelta || offsetDelta > lastOffsetDelta) {
        throw new RangeError(`its offset delta ${offsetDelta} is not in ${lowestOffsetDelta} to ${lastOffsetDelta}`)
      }
      lowestOffsetDelta = offsetDelta + 1
    } catch (error) {
      // By name: a test runner may load this module in a context where Node's own errors are of another class.
      const { name, message } = error as Error
      if (name === 'RangeError') throw new CorruptBatchError(`Record ${index}: ${message}`, position)
      throw error
    }
    yield decoded.record
  }
  if (reader.bytesLeft > 0) throw new CorruptBatchError(`${reader.bytesLeft} bytes follow the last record`, position)
}

function decodeRecord(reader: VarintReader, source: RecordsSource): { record: Record; offsetDelta: number } {
  const lengthInBytes = reader.readVarint()
  if (lengthInBytes < 0 || lengthInBytes > reader.bytesLeft) {
    throw new RangeError(`it can't have ${lengthInBytes} bytes`)
  }
  const end = reader.position + lengthInBytes
  reader.skip(1) // attributes: none is defined
  const timestampDelta = reader.readVarlong()
  const offsetDelta = reader.readVarint()
  const offset = source.baseOffset + offsetDelta
  const timestamp = source.appendTimestamp ?? source.baseTimestamp + timestampDelta
  const key = readNullableBytes(reader)
  const value = readNullableBytes(reader)
  const headers = readHeaders(reader)
  if (reader.position !== end) throw new RangeError('its length does not fit its content')
  return { record: { offset, timestamp, key, value, headers }, offsetDelta }
}

function readNullableBytes(reader: VarintReader): Buffer | null {
  const lengthInBytes = reader.readVarint()
  return lengthInBytes < 0 ? null : reader.readSlice(lengthInBytes)
}

function readHeaders(reader: VarintReader): RecordHeader[] {
  const count = reader.readVarint()
  if (count < 0 || count > reader.bytesLeft / 2) throw new RangeError(`it can't have ${count} headers`)
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) {
    const keyLength = reader.readVarint()
    if (keyLength < 0) throw new RangeError('a header has no key')
    headers.push({ key: reader.readSlice(keyLength).toString('utf8'), value: readNullableBytes(reader) })
  }
  return headers
}

/** A record to encode; what is left out is null or empty. */
export interface RecordInput {
  timestamp: number
  key?: Buffer | null
  value?: Buffer | null
  headers?: readonly RecordHeader[]
}

/** The records' bytes, one behind the other; `offsetDelta` of each is given by `offsetDeltas`, or its place. */
export function encodeRecords(
  records: readonly RecordInput[],
  { baseTimestamp, offsetDeltas }: { baseTimestamp: number; offsetDeltas?: readonly number[] },
): Buffer {
  const plans = records.map((record, index) => {
    const offsetDelta = offsetDeltas?.[index] ?? index
    const headers = (record.headers ?? []).map(({ key, value }) => ({ key: Buffer.from(key, 'utf8'), value }))
    const timestampDelta = record.timestamp - baseTimestamp
    let bodySize = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta)
    bodySize += bytesSize(record.key ?? null) + bytesSize(record.value ?? null) + varintSize(headers.length)
    for (const { key, value } of headers) bodySize += bytesSize(key) + bytesSize(value)
    return { record, offsetDelta, timestampDelta, headers, bodySize }
  })
  const size = plans.reduce((sum, { bodySize }) => sum + varintSize(bodySize) + bodySize, 0)
  const buffer = Buffer.allocUnsafe(size)
  let position = 0
  for (const { record, offsetDelta, timestampDelta, headers, bodySize } of plans) {
    position = writeVarint(buffer, position, bodySize)
    buffer[position++] = 0
    position = writeVarlong(buffer, position, timestampDelta)
    position = writeVarint(buffer, position, offsetDelta)
    position = writeNullableBytes(buffer, position, record.key ?? null)
    position = writeNullableBytes(buffer, position, record.value ?? null)
    position = writeVarint(buffer, position, headers.length)
    for (const { key, value } of headers) {
      position = writeNullableBytes(buffer, position, key)
      position = writeNullableBytes(buffer, position, value)
    }
  }
  return buffer
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length
}

function writeNullableBytes(buffer: Buffer, position: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(buffer, position, -1)
  const start = writeVarint(buffer, position, bytes.length)
  return start + bytes.copy(buffer, start)
}
