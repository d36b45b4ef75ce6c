import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  buildRecordBatch,
  type Compression,
  CorruptBatchError,
  compressionNames,
  RecordBatch,
  recordBatches,
} from './index.ts'

const maxDecompressedBytes = 4 * 1024 * 1024
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const plainObjects = { noNullPrototype: true }
const header = fc.record(
  { key: fc.string({ unit: 'grapheme', maxLength: 10 }), value: fc.option(bytes(20)) },
  plainObjects,
)
const recordInput = fc.record(
  {
    timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    key: fc.option(bytes(40)),
    value: fc.option(bytes(400)),
    headers: fc.array(header, { maxLength: 3 }),
  },
  plainObjects,
)
const compression = fc.constantFrom<Compression>(...compressionNames)

suite('record batches', () => {
  test('round-trip random records in every codec', () => {
    fc.assert(
      fc.property(
        compression,
        fc.maxSafeNat(),
        fc.array(recordInput, { minLength: 1, maxLength: 20 }),
        (codec, baseOffset, records) => {
          fc.pre(baseOffset + records.length <= Number.MAX_SAFE_INTEGER)
          const batch = new RecordBatch(buildRecordBatch({ baseOffset, records, compression: codec }))
          assert.equal(batch.isCrcValid(), true)
          assert.equal(batch.nextOffset, baseOffset + records.length)
          assert.equal(batch.maxTimestamp, Math.max(...records.map(({ timestamp }) => timestamp)))
          assert.deepEqual(
            [...batch.records({ maxDecompressedBytes })],
            records.map((record, index) => ({ ...record, offset: baseOffset + index })),
          )
        },
      ),
    )
  })

  test('answer mutated bytes with an invalid CRC or a CorruptBatchError, never with another error', () => {
    fc.assert(
      fc.property(
        compression,
        fc.array(recordInput, { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (codec, records, mutations) => {
          const buffer = buildRecordBatch({ baseOffset: 7, records, compression: codec })
          for (const [at, byte] of mutations) buffer[at % buffer.length] = byte
          try {
            for (const batch of recordBatches(buffer)) {
              batch.isCrcValid()
              for (const record of batch.records({ maxDecompressedBytes })) assert.ok(record.offset !== undefined)
            }
          } catch (error) {
            assert.ok(error instanceof CorruptBatchError, `${error}`)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('read 64-bit fields as the nearest number', () => {
    const buffer = buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1 }] })
    const batch = new RecordBatch(buffer)
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
        for (const at of [27, 35, 43]) buffer.writeBigInt64BE(value, at)
        const fields = [batch.baseTimestamp, batch.maxTimestamp, batch.producerId]
        assert.deepEqual(fields, [Number(value), Number(value), Number(value)])
      }),
    )
  })

  test('refuse records whose offsets do not rise inside of the batch, and take gaps', () => {
    const offsetsOf = (offsets: number[], lastOffset: number) => {
      const records = offsets.map(offset => ({ timestamp: 1, offset }))
      const batch = new RecordBatch(buildRecordBatch({ baseOffset: 10, lastOffset, records }))
      return [...batch.records({ maxDecompressedBytes })].map(({ offset }) => offset)
    }
    assert.deepEqual(offsetsOf([12, 15], 17), [12, 15])
    assert.deepEqual(offsetsOf([], 17), [])
    assert.throws(() => offsetsOf([9, 10], 17), CorruptBatchError)
    assert.throws(() => offsetsOf([12, 12], 17), CorruptBatchError)
    assert.throws(() => offsetsOf([12, 18], 17), CorruptBatchError)
  })

  test('read no records of a batch that is not all there', () => {
    const whole = buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1, value: Buffer.from('mug') }] })
    const torn = new RecordBatch(whole.subarray(0, whole.length - 1))
    assert.equal(torn.isCrcValid(), false)
    assert.throws(() => [...torn.records({ maxDecompressedBytes })], CorruptBatchError)
  })

  test('keep the delete horizon where the base timestamp was, and each timestamp', () => {
    const records = [{ timestamp: 5 }, { timestamp: 9 }]
    const batch = new RecordBatch(buildRecordBatch({ baseOffset: 0, records, deleteHorizonMs: 1_700_000_000_000 }))
    assert.deepEqual([batch.hasDeleteHorizon, batch.baseTimestamp], [true, 1_700_000_000_000])
    assert.deepEqual(
      [...batch.records({ maxDecompressedBytes })].map(({ timestamp }) => timestamp),
      [5, 9],
    )
  })

  test('say where a torn batch begins', () => {
    const whole = buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1, value: Buffer.from('mug') }] })
    for (let cut = 1; cut < whole.length; cut++) {
      const torn = Buffer.concat([whole, whole.subarray(0, cut)])
      assert.throws(
        () => [...recordBatches(torn)],
        error => error instanceof CorruptBatchError && error.position === whole.length,
      )
    }
  })

  test('refuse a record count that the bytes cannot hold before anything is decoded', () => {
    const buffer = buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1 }] })
    buffer.writeInt32BE(2 ** 31 - 1, 57)
    assert.throws(() => new RecordBatch(buffer).records({ maxDecompressedBytes }).next(), CorruptBatchError)
  })

  test('wrap the sequence inside a batch', () => {
    const records = [{ timestamp: 1 }, { timestamp: 1 }, { timestamp: 1 }]
    const batch = new RecordBatch(
      buildRecordBatch({ baseOffset: 0, records, producerId: 1, producerEpoch: 0, baseSequence: 2 ** 31 - 2 }),
    )
    assert.equal(batch.lastSequence, 0)
  })

  test('count the append time for all records once it is set', () => {
    const batch = new RecordBatch(buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1 }, { timestamp: 9 }] }))
    batch.setLogAppendTime(1_700_000_000_000)
    assert.equal(batch.isCrcValid(), true)
    assert.equal(batch.timestampType, 'LogAppendTime')
    const times = [...batch.records({ maxDecompressedBytes })].map(({ timestamp }) => timestamp)
    assert.deepEqual(times, [1_700_000_000_000, 1_700_000_000_000])
  })

  test('keep base offset and leader epoch out of the CRC', () => {
    const batch = new RecordBatch(buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1 }] }))
    batch.setBaseOffset(2 ** 40)
    batch.setPartitionLeaderEpoch(12)
    assert.deepEqual([batch.baseOffset, batch.partitionLeaderEpoch, batch.isCrcValid()], [2 ** 40, 12, true])
  })

  test('refuse an offset past 2^53', () => {
    const buffer = buildRecordBatch({ baseOffset: 0, records: [{ timestamp: 1 }] })
    buffer.writeBigInt64BE(2n ** 53n, 0)
    assert.throws(() => new RecordBatch(buffer).baseOffset, CorruptBatchError)
    assert.throws(() => new RecordBatch(buffer).setBaseOffset(2 ** 53), RangeError)
  })
})
