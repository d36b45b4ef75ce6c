import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildEndTransactionMarker, buildRecordBatch, RecordBatch, type RecordBatchInput } from '@ottla/protocol'
import { type BatchCircumstances, type CleaningRules, cleanBatch } from './cleaned-batch.ts'

const plain: BatchCircumstances = { isObsolete: false, isLast: false }

function rulesFor(own: Partial<CleaningRules> & { newest?: Record<string, number> } = {}): CleaningRules {
  const { newest = {}, ...rules } = own
  return {
    newestOffsetOf: key => newest[String(key)] ?? -1,
    knownEndOffset: 1000,
    nowMs: 50_000,
    deleteRetentionMs: 100,
    lastOfProducers: new Map(),
    maxDecompressedBytes: 10_000,
    ...rules,
  }
}

/** Records `[key, value]` from offset 10 on. */
function batchOf(records: [string | null, string | null][], own: Partial<RecordBatchInput> = {}): RecordBatch {
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
  const filled = records.map(([key, value], i) => ({
    timestamp: 100 + i,
    key: bytes(key),
    value: bytes(value),
    headers: [],
  }))
  return new RecordBatch(buildRecordBatch({ baseOffset: 10, records: filled, ...own }))
}

function clean(batch: RecordBatch, circumstances: BatchCircumstances, rules: CleaningRules): RecordBatch | null {
  const cleaned = cleanBatch(batch, circumstances, rules)
  return cleaned && new RecordBatch(cleaned)
}

const offsetsOf = (batch: RecordBatch | null) =>
  batch && [...batch.records({ maxDecompressedBytes: 10_000 })].map(({ offset }) => offset)

test('a batch that loses nothing is written as it is', () => {
  const batch = batchOf([['a', '1']], { compression: 'zstd' })
  const cleaned = cleanBatch(batch, plain, rulesFor({ newest: { a: 10 } }))
  assert.deepEqual(cleaned, batch.buffer)
})

test('a batch that loses records keeps its offsets, sequence, producer and codec', () => {
  const header = { producerId: 5, producerEpoch: 2, baseSequence: 7, partitionLeaderEpoch: 3 }
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const batch = batchOf(
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
      { compression, ...header },
    )
    const cleaned = clean(batch, plain, rulesFor({ newest: { a: 20, c: 20 } }))!
    assert.ok(cleaned.isCrcValid())
    assert.deepEqual(offsetsOf(cleaned), [11])
    const { baseOffset, lastOffset, lastSequence, maxTimestamp, recordCount } = cleaned
    assert.deepEqual([baseOffset, lastOffset, lastSequence, maxTimestamp, recordCount], [10, 12, 9, 101, 1])
    assert.deepEqual([cleaned.producerId, cleaned.producerEpoch, cleaned.partitionLeaderEpoch], [5, 2, 3])
    assert.equal(cleaned.compression, compression)
  }
})

test('LogAppendTime stays what it was', () => {
  const batch = batchOf(
    [
      ['a', '1'],
      ['b', '2'],
    ],
    { timestampType: 'LogAppendTime', maxTimestamp: 777 },
  )
  const cleaned = clean(batch, plain, rulesFor({ newest: { a: 20 } }))!
  const [record] = cleaned.records({ maxDecompressedBytes: 1000 })
  assert.deepEqual([cleaned.timestampType, cleaned.maxTimestamp, record?.timestamp], ['LogAppendTime', 777, 777])
})

test('a tombstone gets a horizon, keeps its own time, and goes when the horizon has passed', () => {
  const first = clean(batchOf([['a', null]]), plain, rulesFor())!
  assert.ok(first.hasDeleteHorizon)
  assert.equal(first.baseTimestamp, 50_100)
  assert.equal([...first.records({ maxDecompressedBytes: 1000 })][0]?.timestamp, 100)
  assert.deepEqual(offsetsOf(clean(first, plain, rulesFor({ nowMs: 50_099 }))), [10])
  assert.equal(clean(first, plain, rulesFor({ nowMs: 50_100 })), null)
})

test('beyond what the map knows nothing goes: a tombstone there may have something to delete', () => {
  const past = batchOf(
    [
      ['a', null],
      [null, 'x'],
    ],
    { deleteHorizonMs: 1 },
  )
  assert.deepEqual(offsetsOf(clean(past, plain, rulesFor({ knownEndOffset: 10 }))), [10, 11])
  assert.equal(clean(past, plain, rulesFor({ knownEndOffset: 12 })), null)
})

test('the header stays of an active producer’s last batches, and of the last batch of a segment', () => {
  const batch = batchOf(
    [
      ['a', '1'],
      ['a', '2'],
    ],
    { producerId: 5, producerEpoch: 0, baseSequence: 3 },
  )
  const gone = { newest: { a: 20 } }
  const lastOf = (...lastOffsets: number[]) => new Map([[5, { lastOffsets, producerEpoch: 0 }]])
  assert.equal(clean(batch, plain, rulesFor({ ...gone, lastOfProducers: lastOf(15) })), null)
  for (const kept of [
    clean(batch, plain, rulesFor({ ...gone, lastOfProducers: lastOf(11) })),
    clean(batch, plain, rulesFor({ ...gone, lastOfProducers: lastOf(11, 13, 15) })),
    clean(batch, { isObsolete: false, isLast: true }, rulesFor(gone)),
    clean(batch, { isObsolete: true, isLast: true }, rulesFor()),
  ]) {
    assert.ok(kept)
    assert.ok(kept.isCrcValid())
    assert.deepEqual([kept.recordCount, kept.lastOffset, kept.lastSequence, kept.sizeInBytes], [0, 11, 4, 61])
  }
})

test('a marker stays until the horizon that it gets when nothing is left of what it marks', () => {
  const marker = new RecordBatch(
    buildEndTransactionMarker({
      baseOffset: 10,
      result: 'abort',
      producerId: 5,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestamp: 100,
    }),
  )
  const obsolete = { isObsolete: true, isLast: false }
  assert.deepEqual(cleanBatch(marker, plain, rulesFor()), marker.buffer)
  const waiting = clean(marker, obsolete, rulesFor())!
  assert.deepEqual([waiting.hasDeleteHorizon, waiting.isControl, waiting.baseTimestamp], [true, true, 50_100])
  assert.ok(clean(waiting, obsolete, rulesFor({ nowMs: 50_099 })))
  assert.equal(clean(waiting, obsolete, rulesFor({ nowMs: 50_100 })), null)
})
