/** Record batches written by Apache Kafka 4.4.0's own serializer, read and written again. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  buildEndTransactionMarker,
  buildRecordBatch,
  type Compression,
  RecordBatch,
  recordBatches,
  type TimestampType,
  transactionResultOf,
} from './index.ts'
import { attributeFlags } from './record-batch.ts'

interface GoldenBatch {
  compression: Compression
  timestampType: TimestampType
  baseOffset: number
  lastOffset: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  transactional: boolean
  control: boolean
  partitionLeaderEpoch: number
  maxTimestamp: number
  crc: number
  sizeInBytes: number
  records: GoldenRecord[]
  hex: string
}

interface GoldenRecord {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers: { key: string; value: string | null }[]
}

interface GoldenMarker {
  marker: 'COMMIT' | 'ABORT'
  coordinatorEpoch: number
  baseOffset: number
  producerId: number
  producerEpoch: number
  partitionLeaderEpoch: number
  hex: string
}

const lines = readFileSync(new URL('../../fixtures/batches.golden.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as GoldenBatch | GoldenMarker)
const golden = lines.filter(line => 'records' in line)
const markers = lines.filter(line => 'marker' in line)

const maxDecompressedBytes = 64 * 1024 * 1024
const hexOf = (bytes: Buffer | null) => bytes?.toString('hex') ?? null
const bytesOf = (hex: string | null) => (hex === null ? null : Buffer.from(hex, 'hex'))

function describe(batch: RecordBatch): Omit<GoldenBatch, 'hex' | 'crc' | 'sizeInBytes'> {
  return {
    compression: batch.compression,
    timestampType: batch.timestampType,
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.isTransactional,
    control: batch.isControl,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    maxTimestamp: batch.maxTimestamp,
    records: [...batch.records({ maxDecompressedBytes })].map(record => ({
      offset: record.offset,
      timestamp: record.timestamp,
      key: hexOf(record.key),
      value: hexOf(record.value),
      headers: record.headers.map(({ key, value }) => ({ key, value: hexOf(value) })),
    })),
  }
}

test('the golden batches cover every codec', () => {
  assert.deepEqual(
    new Set(golden.map(({ compression }) => compression)),
    new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
  )
})

for (const [index, { hex, crc, sizeInBytes, ...content }] of golden.entries()) {
  const name = `batch ${index + 1} (${content.compression}, ${content.records.length} records)`

  test(`reads ${name}`, () => {
    const batches = [...recordBatches(Buffer.from(hex, 'hex'))]
    assert.equal(batches.length, 1)
    const batch = batches[0]!
    assert.deepEqual(describe(batch), content)
    assert.equal(batch.crc, crc)
    assert.equal(batch.sizeInBytes, sizeInBytes)
    assert.equal(batch.isCrcValid(), true)
  })

  test(`writes ${name}`, () => {
    const { records, ...fields } = content
    const timestamps = timestampsAsProduced(hex)
    const built = buildRecordBatch({
      ...fields,
      records: records.map((record, place) => ({
        ...record,
        timestamp: timestamps[place]!,
        key: bytesOf(record.key),
        value: bytesOf(record.value),
        headers: record.headers.map(({ key, value }) => ({ key, value: bytesOf(value) })),
      })),
    })
    const batch = new RecordBatch(built)
    assert.equal(batch.isCrcValid(), true)
    assert.deepEqual(describe(batch), content)
    // Compressors differ from one version to the next; what they unpack to is what counts.
    if (content.compression === 'none') assert.equal(built.toString('hex'), hex)
  })
}

/** With LogAppendTime the records keep, unseen, the timestamps that the producer gave. */
function timestampsAsProduced(hex: string): number[] {
  const batch = new RecordBatch(Buffer.from(hex, 'hex'))
  batch.buffer.writeInt16BE(batch.attributes & ~attributeFlags.logAppendTime, 21)
  return [...batch.records({ maxDecompressedBytes })].map(({ timestamp }) => timestamp)
}

for (const { marker, hex, coordinatorEpoch, baseOffset, producerId, producerEpoch, partitionLeaderEpoch } of markers) {
  test(`reads and writes a transaction marker (${marker})`, () => {
    const batch = new RecordBatch(Buffer.from(hex, 'hex'))
    const [record] = batch.records({ maxDecompressedBytes })
    const result = transactionResultOf(record!.key)
    assert.equal(result, marker === 'COMMIT' ? 'commit' : 'abort')
    assert.equal(batch.isControl && batch.isTransactional && batch.isCrcValid(), true)
    const { timestamp } = record!
    const built = buildEndTransactionMarker({
      ...{ baseOffset, producerId, producerEpoch, coordinatorEpoch, partitionLeaderEpoch, timestamp },
      result: marker === 'COMMIT' ? 'commit' : 'abort',
    })
    assert.equal(built.toString('hex'), hex)
  })
}
