/** What the log does when the disk does not do what it is told. */

import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { test } from 'node:test'
import { crc32c } from '@ottla/protocol'
import { appendDurably, batchOf, readValues, whenDurable } from './testing/batches.ts'
import { faultyFileSystem } from './testing/faulty-file-system.ts'
import { logFixture } from './testing/log-fixture.ts'

const storageError = { errorName: 'KAFKA_STORAGE_ERROR' }

test('a full disk fails the appends, serves reads, and everything goes on when there is room', async t => {
  const fileSystem = faultyFileSystem()
  const fixture = await logFixture(t, { fileSystem, config: { indexIntervalBytes: 0 } })
  const { log } = fixture
  const send = (baseSequence: number, values = ['a']) => ({ values, producerId: 3, producerEpoch: 0, baseSequence })
  await appendDurably(log, send(0, ['kept']))
  const { sizeInBytes } = log

  fileSystem.fault = call => (call.operation === 'write' && call.path.endsWith('.log') ? 'ENOSPC' : undefined)
  const failures = [1, 2, 3].map(sequence => appendDurably(log, send(sequence, ['lost'])))
  for (const failure of failures) await assert.rejects(failure, storageError)
  assert.equal(log.isOffline, false)
  assert.equal(log.logEndOffset, 1)
  assert.equal(log.sizeInBytes, sizeInBytes)
  assert.equal((await stat(`${fixture.path}/orders-0/00000000000000000000.log`)).size, sizeInBytes)
  assert.deepEqual(await readValues(log), ['0:kept'])

  fileSystem.fault = undefined
  assert.equal(await appendDurably(log, send(1, ['again'])), 1)
  assert.deepEqual(await readValues(log), ['0:kept', '1:again'])
  await fixture.reopen()
  assert.deepEqual(await readValues(fixture.log), ['0:kept', '1:again'])
})

test('a full disk in the middle of rolling leaves no trace', async t => {
  for (const suffix of ['.index', '.snapshot', '2.log']) {
    const fileSystem = faultyFileSystem()
    const fixture = await logFixture(t, { fileSystem, config: { segmentBytes: 200 } })
    const { log } = fixture
    const value = 'x'.repeat(40)
    await appendDurably(log, { values: [value] })
    await appendDurably(log, { values: [value] }).catch(() => undefined)
    const before = log.logEndOffset
    fileSystem.fault = call =>
      ['open', 'write'].includes(call.operation) && call.path.endsWith(suffix) ? 'ENOSPC' : undefined
    const results = await Promise.allSettled([1, 2, 3].map(() => appendDurably(log, { values: [value] })))
    assert.ok(
      results.some(result => result.status === 'rejected'),
      suffix,
    )
    fileSystem.fault = undefined
    assert.equal(log.isOffline, false)
    const kept = results.filter(result => result.status === 'fulfilled').length
    assert.equal(log.logEndOffset, before + kept)
    for (let i = 0; i < 4; i++) await appendDurably(log, { values: [value] })
    const values = await readValues(log)
    assert.equal(values.length, before + kept + 4)
    await fixture.reopen()
    assert.deepEqual(await readValues(fixture.log), values)
  }
})

test('a flush that fails takes the partition offline for good, and no later one is taken for a success', async t => {
  for (const code of ['FLUSH_FAILED', 'ENOSPC']) {
    const fileSystem = faultyFileSystem()
    const { log, directory } = await logFixture(t, { fileSystem })
    await appendDurably(log)
    fileSystem.fault = call => (call.operation === 'datasync' && call.path.endsWith('.log') ? code : undefined)
    const first = appendDurably(log)
    await assert.rejects(first, storageError)
    fileSystem.fault = undefined
    assert.equal(log.isOffline, true)
    assert.equal(log.highWatermark, 1)
    assert.equal(log.offlineReason?.path, `${directory.path}/orders-0/00000000000000000000.log`)
    assert.throws(() => log.append(batchOf(), { origin: 'client' }), storageError)
    await assert.rejects(whenDurable(log, 2), storageError)
    await whenDurable(log, 1)
  }
})

test('a write error other than a full disk takes the partition offline, and only that one', async t => {
  const fileSystem = faultyFileSystem()
  const { log, directory } = await logFixture(t, { fileSystem })
  const other = await directory.create({ topic: 'orders', partition: 1, topicId: log.topicId, config: log.config })
  fileSystem.fault = call => (call.operation === 'write' && call.path.includes('orders-0') ? 'EIO' : undefined)
  await assert.rejects(appendDurably(log), storageError)
  assert.equal(log.isOffline, true)
  assert.equal(await appendDurably(other), 0)
})

test('after a failure the next start looks closely', async t => {
  const fileSystem = faultyFileSystem()
  const fixture = await logFixture(t, { fileSystem })
  await appendDurably(fixture.log, { values: ['a'] })
  fileSystem.fault = call => (call.operation === 'datasync' ? 'FLUSH_FAILED' : undefined)
  await assert.rejects(appendDurably(fixture.log, { values: ['b'] }))
  fileSystem.fault = undefined
  await fixture.reopen()
  assert.equal(fixture.directory.wasCleanStop, false)
  assert.equal((await readValues(fixture.log))[0], '0:a')
})

test('what is appended during a flush shares the next one', async t => {
  const fileSystem = faultyFileSystem()
  const { log } = await logFixture(t, { fileSystem })
  await appendDurably(log)
  const flushes = () =>
    fileSystem.calls.filter(call => call.operation === 'datasync' && call.path.endsWith('.log')).length
  const before = flushes()
  let open = (): void => undefined
  fileSystem.gate = new Promise(resolve => {
    open = resolve
  })
  const first = appendDurably(log)
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  const rest = Array.from({ length: 50 }, () => appendDurably(log))
  open()
  await Promise.all([first, ...rest])
  assert.equal(flushes() - before, 2)
})

test('a new segment is acknowledged only after its name is on the disk', async t => {
  const fileSystem = faultyFileSystem()
  const { log, directory } = await logFixture(t, { fileSystem, config: { segmentBytes: 200 } })
  for (let i = 0; i < 3; i++) {
    await appendDurably(log, { values: ['x'.repeat(60)] })
    const last = fileSystem.calls.findLastIndex(call => call.operation === 'open' && call.path.endsWith('.log'))
    const names = fileSystem.calls.slice(last).filter(call => call.operation === 'syncDirectory')
    if (i > 0) assert.ok(names.some(call => call.path === `${directory.path}/orders-0`))
  }
})

test('damage met while reading is answered as a storage error, and the rest stays readable', async t => {
  const fileSystem = faultyFileSystem()
  const fixture = await logFixture(t, { fileSystem })
  await appendDurably(fixture.log, { values: ['a'] })
  await fixture.reopen()
  fileSystem.fault = call => (call.operation === 'read' ? 'EIO' : undefined)
  await assert.rejects(readValues(fixture.log), storageError)
  fileSystem.fault = undefined
  assert.deepEqual(await readValues(fixture.log), ['0:a'])
  assert.ok(fixture.logger.lines.some(line => line.message === 'a read failed'))
})

test('retention that fails for one log is reported, and does its work for the others', async t => {
  const fileSystem = faultyFileSystem()
  const fixture = await logFixture(t, { fileSystem, config: { retentionMs: 1, segmentBytes: 200 } })
  const { topicId, config } = fixture.log
  await fixture.directory.create({ topic: 'orders', partition: 1, topicId, config })
  for (const partition of [0, 1]) {
    const log = fixture.directory.get('orders', partition)!
    for (let i = 0; i < 4; i++) await appendDurably(log, { values: ['x'.repeat(60)] })
  }
  await fixture.reopen() // so that times have to be read again
  fileSystem.fault = call => (call.operation === 'read' && call.path.includes('orders-0') ? 'EIO' : undefined)
  await fixture.directory.upkeep()
  assert.equal(fixture.log.logStartOffset, 0)
  assert.ok(fixture.directory.get('orders', 1)!.logStartOffset > 0)
  assert.ok(fixture.logger.lines.some(({ message }) => message === 'retention could not be enforced'))
})

test('records that can not be decoded cost who asks for their times an error of the partition', async t => {
  const { log } = await logFixture(t)
  const batch = batchOf({ timestamp: 5000 })
  batch.fill(0xff, 61)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  await whenDurable(log, log.append(batch, { origin: 'client' }).nextOffset)
  await assert.rejects(log.offsetForTimestamp(5000), { errorName: 'CORRUPT_MESSAGE' })
  await assert.rejects(log.maxTimestamp(), { errorName: 'CORRUPT_MESSAGE' })
  assert.equal(log.isOffline, false)
})

test('while the disk hangs no more is taken than has a bound, and everything goes on when it is back', async t => {
  const fileSystem = faultyFileSystem()
  const size = batchOf({ values: ['x'.repeat(1000)] }).length
  const { log, directory } = await logFixture(t, { fileSystem, maxUnwrittenBytes: 3 * size })
  const other = await directory.create({ topic: 'orders', partition: 1, topicId: log.topicId, config: log.config })
  const send = (to = log) => appendDurably(to, { values: ['x'.repeat(1000)] })
  const disk = Promise.withResolvers<void>()
  fileSystem.gate = disk.promise
  const first = send()
  await new Promise<void>(resolve => log.whenWritten(1, () => resolve())) // and not flushed: what comes now waits for its turn
  const waiting = [send(), send(), send()]
  await assert.rejects(send(), storageError)
  await assert.rejects(send(other), storageError)
  disk.resolve()
  await Promise.all([first, ...waiting])
  assert.deepEqual([await send(), await send(other), log.isOffline], [4, 0, false])
})
