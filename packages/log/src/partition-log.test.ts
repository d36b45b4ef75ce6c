import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { buildRecordBatch, KafkaError } from '@ottla/protocol'
import { appendDurably, batchOf, readBatches, readValues, whenDurable } from './testing/batches.ts'
import { logFixture } from './testing/log-fixture.ts'

const kafkaError = (errorName: string) => (error: unknown) => {
  assert.ok(error instanceof KafkaError, String(error))
  assert.equal(error.errorName, errorName)
  return true
}

test('gives consecutive offsets and reads them back', async t => {
  const { log } = await logFixture(t)
  assert.equal(await appendDurably(log, { values: ['a', 'b'] }), 0)
  assert.equal(await appendDurably(log, { values: ['c'] }), 2)
  assert.deepEqual(await readValues(log), ['0:a', '1:b', '2:c'])
  assert.deepEqual([log.logStartOffset, log.highWatermark, log.lastStableOffset, log.logEndOffset], [0, 3, 3, 3])
})

test('shows nothing before it is flushed', async t => {
  const { log } = await logFixture(t)
  const { nextOffset } = log.append(batchOf({ values: ['a'] }), { origin: 'client' })
  assert.equal(log.logEndOffset, 1)
  assert.equal(log.highWatermark, 0)
  assert.deepEqual(await readBatches(log), [])
  assert.equal((await readBatches(log, { isolation: 'logEnd' })).length, 1)
  await whenDurable(log, nextOffset)
  assert.equal((await readBatches(log)).length, 1)
})

test('reports written before durable', async t => {
  const { log } = await logFixture(t)
  const order: string[] = []
  const { nextOffset } = log.append(batchOf(), { origin: 'client' })
  log.whenDurable(nextOffset, () => order.push('durable'))
  log.whenWritten(nextOffset, () => order.push('written'))
  await log.flush()
  assert.deepEqual(order, ['written', 'durable'])
})

test('with durability os the high watermark follows the write', async t => {
  const fixture = await logFixture(t, { durability: 'os' })
  await appendDurably(fixture.log, { values: ['a'] })
  assert.equal(fixture.log.highWatermark, 1)
  await fixture.reopen()
  assert.deepEqual(await readValues(fixture.log), ['0:a'])
})

test('tells listeners when the high watermark moves', async t => {
  const { log } = await logFixture(t)
  const seen: number[] = []
  const stop = log.onHighWatermark(() => seen.push(log.highWatermark))
  await appendDurably(log)
  stop()
  await appendDurably(log)
  assert.deepEqual(seen, [1])
})

test('gives the first batch whole although it is too large, and no second one', async t => {
  const { log } = await logFixture(t)
  await appendDurably(log, { values: ['x'.repeat(500)] })
  await appendDurably(log, { values: ['y'] })
  assert.equal((await readBatches(log, { maxBytes: 10 })).length, 1)
  assert.equal((await readBatches(log, { maxBytes: 10, minOneBatch: false })).length, 0)
  assert.equal((await readBatches(log, { maxBytes: 600 })).length, 1)
  assert.equal((await readBatches(log, { maxBytes: 1000 })).length, 2)
})

test('reads the same from files as from memory', async t => {
  const fixture = await logFixture(t, { config: { segmentBytes: 2000, indexIntervalBytes: 100 } })
  for (let i = 0; i < 60; i++) await appendDurably(fixture.log, { values: [`v${i}`, 'x'.repeat(i * 7)] })
  const fromMemory = await readValues(fixture.log)
  assert.ok(fixture.log.segmentCount > 3)
  await fixture.reopen()
  for (const maxBytes of [1, 100, 700, 100_000])
    assert.deepEqual(await readValues(fixture.log, 0, maxBytes), fromMemory)
  for (let offset = 0; offset <= 120; offset++) {
    assert.deepEqual(await readValues(fixture.log, offset, 150), fromMemory.slice(offset))
  }
})

test('refuses offsets outside of the log', async t => {
  const { log } = await logFixture(t)
  await appendDurably(log)
  const read = (fromOffset: number) =>
    log.read({ fromOffset, maxBytes: 100, minOneBatch: true, isolation: 'highWatermark' })
  assert.throws(() => read(-1), kafkaError('OFFSET_OUT_OF_RANGE'))
  assert.throws(() => read(2), kafkaError('OFFSET_OUT_OF_RANGE'))
  assert.deepEqual((await read(1)).records, [])
})

test('answers a repeated batch with the first offset, after a restart too', async t => {
  const fixture = await logFixture(t)
  const batch = (baseSequence: number) => batchOf({ values: ['a', 'b'], producerId: 9, producerEpoch: 0, baseSequence })
  for (let i = 0; i < 6; i++) fixture.log.append(batch(i * 2), { origin: 'client' })
  for (let i = 1; i < 6; i++) {
    const { baseOffset, nextOffset, isDuplicate } = fixture.log.append(batch(i * 2), { origin: 'client' })
    assert.deepEqual([baseOffset, nextOffset, isDuplicate], [i * 2, i * 2 + 2, true])
  }
  assert.throws(() => fixture.log.append(batch(0), { origin: 'client' }), kafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER'))
  assert.equal(fixture.log.logEndOffset, 12)
  await fixture.reopen()
  assert.equal(fixture.log.append(batch(10), { origin: 'client' }).baseOffset, 10)
  assert.throws(() => fixture.log.append(batch(14), { origin: 'client' }), kafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER'))
  assert.equal(fixture.log.append(batch(12), { origin: 'client' }).baseOffset, 12)
})

test('a duplicate is durable only when its original is', async t => {
  const { log } = await logFixture(t)
  const batch = () => batchOf({ producerId: 9, producerEpoch: 0, baseSequence: 0 })
  log.append(batch(), { origin: 'client' })
  const { nextOffset, isDuplicate } = log.append(batch(), { origin: 'client' })
  assert.ok(isDuplicate)
  let isDurable = false
  log.whenDurable(nextOffset, () => {
    isDurable = true
  })
  assert.equal(isDurable, false)
  await log.flush()
  assert.equal(isDurable, true)
})

test('a batch that is refused changes nothing', async t => {
  const { log } = await logFixture(t)
  await appendDurably(log, { producerId: 9, producerEpoch: 3, baseSequence: 0 })
  const old = batchOf({ producerId: 9, producerEpoch: 2, baseSequence: 1 })
  assert.throws(() => log.append(old, { origin: 'client' }), kafkaError('INVALID_PRODUCER_EPOCH'))
  assert.equal(log.logEndOffset, 1)
  assert.equal(await appendDurably(log, { producerId: 9, producerEpoch: 3, baseSequence: 1 }), 1)
})

test('a coordinator may append control batches and several at once', async t => {
  const { log } = await logFixture(t)
  const record = { timestamp: 5, key: Buffer.from([0, 0, 0, 1]), value: Buffer.alloc(6), headers: [] }
  const common = { baseOffset: 0, records: [record], producerId: 4, producerEpoch: 0 }
  const marker = buildRecordBatch({ ...common, control: true, transactional: true })
  assert.throws(() => log.append(Buffer.from(marker), { origin: 'client' }), kafkaError('INVALID_RECORD'))
  const { baseOffset, nextOffset } = log.append(Buffer.concat([batchOf(), marker]), { origin: 'coordinator' })
  assert.deepEqual([baseOffset, nextOffset], [0, 2])
  await log.flush()
  assert.equal((await readBatches(log)).at(-1)?.isControl, true)
})

test('LogAppendTime puts the time in and answers it', async t => {
  const clock = { now: () => 77_000 }
  const { log } = await logFixture(t, { clock, config: { messageTimestampType: 'LogAppendTime' } })
  const result = log.append(batchOf({ timestamp: 5 }), { origin: 'client' })
  assert.equal(result.logAppendTimeMs, 77_000)
  await log.flush()
  const [batch] = await readBatches(log)
  assert.equal(batch?.maxTimestamp, 77_000)
  assert.ok(batch?.isCrcValid())
})

test('packs anew what comes in another codec than compression.type', async t => {
  const { log } = await logFixture(t, { config: { compressionType: 'gzip' } })
  await appendDurably(log, { values: ['a', 'b'], producerId: 3, producerEpoch: 0, baseSequence: 0 })
  const [batch] = await readBatches(log)
  assert.equal(batch?.compression, 'gzip')
  assert.equal(batch?.producerId, 3)
  assert.deepEqual(await readValues(log), ['0:a', '1:b'])
})

test('rolls by size, by time and when the index is full', async t => {
  const bySize = await logFixture(t, { config: { segmentBytes: 200 } })
  for (let i = 0; i < 5; i++) await appendDurably(bySize.log, { values: ['x'.repeat(60)] })
  assert.equal(bySize.log.segmentCount, 5)

  const byTime = await logFixture(t, { config: { segmentMs: 1000 } })
  for (const timestamp of [10_000, 10_900, 11_100, 11_200]) await appendDurably(byTime.log, { timestamp })
  assert.equal(byTime.log.segmentCount, 2)

  const byIndex = await logFixture(t, { config: { segmentIndexBytes: 24, indexIntervalBytes: 0 } })
  for (let i = 0; i < 8; i++) await appendDurably(byIndex.log, { timestamp: i + 1 })
  assert.ok(byIndex.log.segmentCount > 1)
})

test('finds offsets by time, to the record, where timestamps go back too', async t => {
  const fixture = await logFixture(t, { config: { segmentBytes: 400, indexIntervalBytes: 50 } })
  const timestamps = [100, 300, 200, 300, 500, 400, 500, 600]
  for (const timestamp of timestamps) await appendDurably(fixture.log, { timestamp, values: ['x'.repeat(50)] })
  for (let pass = 0; pass < 2; pass++) {
    for (const target of [0, 100, 150, 200, 300, 301, 450, 500, 600]) {
      const found = await fixture.log.offsetForTimestamp(target)
      assert.equal(
        found?.offset,
        timestamps.findIndex(timestamp => timestamp >= target),
        `target ${target}`,
      )
    }
    assert.equal(await fixture.log.offsetForTimestamp(601), null)
    assert.deepEqual(await fixture.log.maxTimestamp(), { offset: 7, timestamp: 600, leaderEpoch: 0 })
    await fixture.reopen()
  }
})

test('the largest timestamp is that of its first record', async t => {
  const { log } = await logFixture(t)
  assert.equal(await log.maxTimestamp(), null)
  for (const timestamp of [100, 900, 900, 300]) await appendDurably(log, { timestamp })
  assert.equal((await log.maxTimestamp())?.offset, 1)
})

test('deletes records up to an offset within a segment, for good', async t => {
  const fixture = await logFixture(t, { config: { segmentBytes: 400, fileDeleteDelayMs: 1_000_000 } })
  for (let i = 0; i < 10; i++) await appendDurably(fixture.log, { values: [`${i}${'x'.repeat(50)}`] })
  await assert.rejects(fixture.log.deleteRecordsBefore(11), kafkaError('OFFSET_OUT_OF_RANGE'))
  assert.equal(await fixture.log.deleteRecordsBefore(5), 5)
  assert.equal(await fixture.log.deleteRecordsBefore(2), 5)
  assert.throws(() => readBatchesAt(4), kafkaError('OFFSET_OUT_OF_RANGE'))
  assert.equal((await readValues(fixture.log)).length, 5)
  const files = await readdir(`${fixture.path}/orders-0`)
  assert.ok(files.some(name => name.endsWith('.deleted')))
  await fixture.reopen()
  assert.equal(fixture.log.logStartOffset, 5)
  assert.equal((await readValues(fixture.log)).length, 5)
  assert.ok(!(await readdir(`${fixture.path}/orders-0`)).some(name => name.endsWith('.deleted')))

  function readBatchesAt(fromOffset: number) {
    return fixture.log.read({ fromOffset, maxBytes: 1, minOneBatch: true, isolation: 'highWatermark' })
  }
})

test('retention by size and by time removes whole segments', async t => {
  let nowMs = 100_000
  const config = { segmentBytes: 200, retentionBytes: 450, retentionMs: -1 }
  const { log } = await logFixture(t, { config, clock: { now: () => nowMs } })
  for (let i = 0; i < 10; i++) await appendDurably(log, { values: ['x'.repeat(60)], timestamp: nowMs })
  await log.enforceRetention()
  assert.ok(log.sizeInBytes >= 450 && log.sizeInBytes < 650, `${log.sizeInBytes} bytes`)
  const { logStartOffset } = log
  assert.ok(logStartOffset > 0)

  log.updateConfig({ ...log.config, retentionBytes: -1, retentionMs: 5000 })
  nowMs += 5000
  await log.enforceRetention()
  assert.equal(log.logStartOffset, logStartOffset)
  nowMs += 1
  await log.enforceRetention()
  assert.equal(log.logStartOffset, 10)
  assert.equal(log.sizeInBytes, 0)
  assert.equal(await appendDurably(log, { timestamp: nowMs }), 10)
})

test('forgets a producer that has long been silent', async t => {
  let nowMs = 1000
  const { log, directory } = await logFixture(t, { clock: { now: () => nowMs }, producerIdExpirationMs: 500 })
  await appendDurably(log, { producerId: 9, producerEpoch: 0, baseSequence: 0, timestamp: nowMs })
  nowMs += 500
  await directory.upkeep()
  assert.deepEqual([...log.activeProducers()], [])
  assert.equal(await appendDurably(log, { producerId: 9, producerEpoch: 0, baseSequence: 17, timestamp: nowMs }), 1)
})

test('refuses everything once it is closed', async t => {
  const { log, directory } = await logFixture(t)
  await directory.close()
  assert.throws(() => log.append(batchOf(), { origin: 'client' }), kafkaError('KAFKA_STORAGE_ERROR'))
})
