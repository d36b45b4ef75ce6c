import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildRecordBatch, crc32c } from '@ottla/protocol'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import { RecordValidationError, validateRecords } from './record-validation.ts'
import { batchOf } from './testing/batches.ts'

const nowMs = 1_000_000

function validate(records: Buffer, own: Partial<LogConfig> = {}, origin: 'client' | 'coordinator' = 'client') {
  const config = { ...defaultLogConfig, ...own }
  return validateRecords(records, {
    config,
    origin,
    nowMs,
    maxDecompressedBytes: 1_000_000,
    log: { topic: 'orders', partition: 0 },
  })
}

/** Changes the bytes and makes the CRC right again. */
function changed(change: (batch: Buffer) => void): Buffer {
  const batch = batchOf({ values: ['a', 'b', 'c'] })
  change(batch)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}

const refusals: [string, Buffer, string][] = [
  ['no batch at all', Buffer.alloc(0), 'INVALID_RECORD'],
  ['a torn batch', batchOf().subarray(0, -1), 'CORRUPT_MESSAGE'],
  ['less than a header', batchOf().subarray(0, 60), 'CORRUPT_MESSAGE'],
  ['two batches', Buffer.concat([batchOf(), batchOf()]), 'INVALID_RECORD'],
  ['magic 1', changed(batch => batch.writeInt8(1, 16)), 'INVALID_RECORD'],
  ['magic 3', changed(batch => batch.writeInt8(3, 16)), 'CORRUPT_MESSAGE'],
  ['a wrong CRC', Buffer.from(batchOf().fill(1, 62, 63)), 'CORRUPT_MESSAGE'],
  ['a length of -1', changed(batch => batch.writeInt32BE(-1, 8)), 'CORRUPT_MESSAGE'],
  ['a base offset', changed(batch => batch.writeBigInt64BE(5n, 0)), 'INVALID_RECORD'],
  ['a count of 0', changed(batch => batch.writeInt32BE(0, 57)), 'INVALID_RECORD'],
  ['a count that does not fit the offsets', changed(batch => batch.writeInt32BE(2, 57)), 'INVALID_RECORD'],
  ['a control batch', changed(batch => batch.writeInt16BE(0x20, 21)), 'INVALID_RECORD'],
  ['an unknown codec', changed(batch => batch.writeInt16BE(7, 21)), 'CORRUPT_MESSAGE'],
  ['LogAppendTime set by a producer', changed(batch => batch.writeInt16BE(0x08, 21)), 'INVALID_TIMESTAMP'],
  ['a producer without a sequence', changed(batch => batch.writeBigInt64BE(5n, 43)), 'INVALID_RECORD'],
  ['a producer id beyond 2^53', changed(batch => batch.writeBigInt64BE(2n ** 60n, 43)), 'INVALID_RECORD'],
]

for (const [what, records, errorName] of refusals) {
  test(`refuses ${what}`, () => {
    assert.throws(() => validate(records), { errorName })
  })
}

test('sizes have limits of their own', () => {
  const batch = batchOf({ values: ['x'.repeat(500)] })
  assert.throws(() => validate(batch, { maxMessageBytes: batch.length - 1 }), { errorName: 'MESSAGE_TOO_LARGE' })
  assert.throws(() => validate(batch, { segmentBytes: batch.length - 1 }), { errorName: 'RECORD_LIST_TOO_LARGE' })
  assert.equal(validate(batch, { maxMessageBytes: batch.length, segmentBytes: batch.length }).length, 1)
})

test('a compacted topic names each record without a key', () => {
  const batch = batchOf({ values: ['a', 'b', 'c'], keys: [null, 'k', null] })
  assert.throws(
    () => validate(batch, { cleanupCompact: true }),
    (error: unknown) => {
      assert.ok(error instanceof RecordValidationError)
      assert.equal(error.errorName, 'INVALID_RECORD')
      assert.deepEqual(
        error.recordErrors.map(({ batchIndex }) => batchIndex),
        [0, 2],
      )
      return true
    },
  )
  validate(batchOf({ values: ['a'], keys: ['k'] }), { cleanupCompact: true })
  const packed = batchOf({ values: ['a'], keys: [null], compression: 'gzip' })
  assert.throws(() => validate(packed, { cleanupCompact: true }), RecordValidationError)
})

test('timestamps have to be near the present as far as the topic says', () => {
  const at = (timestamp: number) => batchOf({ timestamp })
  const isTimestampError = { errorName: 'INVALID_TIMESTAMP', recordErrors: [{ batchIndex: 0, message: /./ }] }
  const limits = { messageTimestampAfterMaxMs: 100, messageTimestampBeforeMaxMs: 200 }
  for (const timestamp of [nowMs + 100, nowMs - 200, nowMs, -1]) validate(at(timestamp), limits)
  for (const timestamp of [nowMs + 101, nowMs - 201]) {
    assert.throws(
      () => validate(at(timestamp), limits),
      (error: unknown) => {
        assert.ok(error instanceof RecordValidationError)
        assert.equal(error.errorName, isTimestampError.errorName)
        assert.equal(error.recordErrors.length, 1)
        return true
      },
    )
    validate(at(timestamp), { ...limits, messageTimestampType: 'LogAppendTime' })
    validate(at(timestamp), limits, 'coordinator')
  }
})

test('records that can not be unpacked are refused where they have to be unpacked', () => {
  const batch = changed(batch => batch.writeInt16BE(1, 21)) // gzip, it says
  validate(batch)
  assert.throws(() => validate(batch, { cleanupCompact: true }), { errorName: 'INVALID_RECORD' })
  assert.throws(() => validate(batch, { compressionType: 'zstd' }), { errorName: 'INVALID_RECORD' })
})

test('a coordinator may append what a client may not', () => {
  const record = { timestamp: 1, key: null, value: null, headers: [] }
  const batch = buildRecordBatch({ baseOffset: 4, records: [record], control: true, producerId: 3, producerEpoch: 0 })
  assert.equal(validate(Buffer.concat([batch, batch]), { maxMessageBytes: 1 }, 'coordinator').length, 2)
})
