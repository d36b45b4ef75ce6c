/** Defects that the simulator has found, each by name and by the shortest way to it, so that they stay away. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootIdFileName } from './file-names.ts'
import type { LogDirectory } from './log-directory.ts'
import { StorageError } from './storage-error.ts'
import { appendDurably, batchOf, readValues, whenDurable } from './testing/batches.ts'
import { dataPath, logConfig, openDirectory } from './testing/crash-explorer.ts'
import { topicId } from './testing/log-fixture.ts'
import { type Choose, forEveryChoice } from './testing/simulated-disk/choices.ts'
import { SimulatedDisk } from './testing/simulated-disk/simulated-disk.ts'
import { type CallFate, type DiskCall, SimulatedFileSystem } from './testing/simulated-disk/simulated-file-system.ts'

const partition = { topic: 'orders', partition: 0, topicId, config: logConfig }
/** Of three ways to do a part of a write the one in the middle, and half of it. */
const half: Choose = count => (count === 3 ? 1 : Math.floor(count / 2))
const nothing: Choose = () => 0
const everything: Choose = count => count - 1

type Fate = (call: DiskCall) => CallFate | 'end' | undefined

/** A process on the disk. Its `fate` may end it during a call. */
function mount(disk: SimulatedDisk, fate: Fate = () => undefined, choose: Choose = half) {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const fileSystem: SimulatedFileSystem = new SimulatedFileSystem({
    disk,
    choose,
    fateOf: call => {
      const outcome = fate(call)
      if (outcome !== 'end') return outcome
      fileSystem.halt()
      end()
      return undefined
    },
  })
  return { fileSystem, ended }
}

async function logOn(fileSystem: SimulatedFileSystem) {
  const directory = await openDirectory(fileSystem)
  return { directory, log: directory.get('orders', 0) ?? (await directory.create(partition)) }
}

async function valuesOn(directory: LogDirectory): Promise<string[]> {
  const log = directory.get('orders', 0)
  assert.ok(log, 'the partition is gone')
  assert.equal(log.offlineReason, undefined)
  return readValues(log)
}

test('what a full disk left of a batch does not come back behind a clean stop', async () => {
  let isFull = false
  const { fileSystem } = mount(new SimulatedDisk(), ({ operation, path }) =>
    isFull && operation === 'write' && path.endsWith('.log') ? { failure: 'ENOSPC' } : undefined,
  )
  const { directory, log } = await logOn(fileSystem)
  await appendDurably(log, { values: ['kept'] })
  isFull = true
  await assert.rejects(appendDurably(log, { values: ['refused'] }), { errorName: 'KAFKA_STORAGE_ERROR' })
  isFull = false
  await directory.close()
  await forEveryChoice(async choose => {
    const started = await openDirectory(mount(fileSystem.cutPower({ choose })).fileSystem)
    assert.equal(started.wasCleanStop, true)
    assert.deepEqual(await valuesOn(started), ['0:kept'])
  })
})

test('a log start that a killed process could not make certain is certain before it is shown', async () => {
  let isDeleting = false
  const first = mount(new SimulatedDisk(), ({ operation, path }) =>
    isDeleting && operation === 'syncDirectory' && path === dataPath ? 'end' : undefined,
  )
  const { log } = await logOn(first.fileSystem)
  for (const value of ['a', 'b', 'c']) await appendDurably(log, { values: [value] })
  isDeleting = true
  await Promise.race([log.deleteRecordsBefore(2), first.ended])

  const second = mount(first.fileSystem.kill())
  const shown = (await openDirectory(second.fileSystem)).get('orders', 0)!.logStartOffset
  assert.equal(shown, 2)
  const third = await openDirectory(mount(second.fileSystem.cutPower({ choose: nothing })).fileSystem)
  assert.equal(third.get('orders', 0)!.logStartOffset, shown)
})

test('a data directory that a killed process has made is certain before anything is stored in it', async () => {
  const first = mount(new SimulatedDisk(), ({ operation, path }) =>
    operation === 'syncDirectory' && path === '/' ? 'end' : undefined,
  )
  await Promise.race([openDirectory(first.fileSystem), first.ended])

  const second = mount(first.fileSystem.kill())
  await appendDurably((await logOn(second.fileSystem)).log, { values: ['kept'] })
  const third = await openDirectory(mount(second.fileSystem.cutPower({ choose: nothing })).fileSystem)
  assert.deepEqual(await valuesOn(third), ['0:kept'])
})

test('a start that is killed half-way does not make the next one take torn writes for damage', async () => {
  let isLastFlush = false
  const first = mount(new SimulatedDisk(), ({ operation }) =>
    isLastFlush && operation === 'datasync' ? 'end' : undefined,
  )
  const { log } = await logOn(first.fileSystem)
  await appendDurably(log, { values: ['kept'] })
  isLastFlush = true
  // Two batches of several sectors each: the first one's reach the disk in part, the second one's all.
  for (const letter of ['x', 'y']) log.append(batchOf({ values: [letter.repeat(600)] }), { origin: 'client' })
  await Promise.race([new Promise(resolve => log.whenDurable(3, resolve)), first.ended])

  await forEveryChoice(async choose => {
    const disk = first.fileSystem.cutPower({ choose })
    const second = mount(
      disk,
      ({ operation, path }) => (operation === 'truncate' && path.endsWith('.log') ? 'end' : undefined),
      nothing,
    )
    await Promise.race([openDirectory(second.fileSystem), second.ended])
    const third = await openDirectory(mount(second.fileSystem.kill()).fileSystem)
    assert.equal((await valuesOn(third))[0], '0:kept')
  })
})

test('retention that can not store the new log start rejects with the storage error and removes nothing', async () => {
  let isFull = false
  const { fileSystem } = mount(new SimulatedDisk(), ({ operation }) =>
    isFull && operation === 'create' ? { failure: 'ENOSPC' } : undefined,
  )
  const { log } = await logOn(fileSystem)
  for (const letter of ['a', 'b', 'c']) await appendDurably(log, { values: [letter.repeat(1000)] })
  log.updateConfig({ ...logConfig, retentionBytes: 100 })
  isFull = true
  await assert.rejects(log.enforceRetention(), StorageError)
  assert.equal((await readValues(log)).length, 3)
  isFull = false
  await log.enforceRetention()
  assert.ok(log.logStartOffset > 0)
  await whenDurable(log, log.logEndOffset)
})

test('indexes that upkeep lets go of while they are being read are there for the reader', {
  timeout: 10_000,
}, async () => {
  const { fileSystem: first } = mount(new SimulatedDisk())
  const before = await logOn(first)
  for (const value of ['a', 'b'.repeat(900), 'c'.repeat(900)]) await appendDurably(before.log, { values: [value] })
  await before.directory.close()

  const waiting: (() => void)[] = []
  let isSlow = false
  const fileSystem = new SimulatedFileSystem({
    disk: first.disk,
    choose: half,
    fateOf: ({ operation, path }) =>
      isSlow && operation === 'read' && path.endsWith('0000.log') ? { delayMs: 1 } : undefined,
    schedule: (delayMs, action) => (delayMs > 0 ? void waiting.push(action) : queueMicrotask(action)),
  })
  const { log } = await logOn(fileSystem)
  isSlow = true
  const read = log.read({ fromOffset: 1, maxBytes: 1_000_000, minOneBatch: true, isolation: 'highWatermark' })
  let isDone = false
  const done = Promise.resolve(read).finally(() => {
    isDone = true
  })
  while (!isDone) {
    log.expireState()
    waiting.shift()?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal((await done).records.length, 1)
})

test('deleting all records while a new segment is begun leaves the old one to the writer', async () => {
  const waiting: (() => void)[] = []
  let isSlow = false
  const fileSystem = new SimulatedFileSystem({
    disk: new SimulatedDisk(),
    choose: half,
    fateOf: ({ operation, path }) =>
      isSlow && operation === 'datasync' && path.includes('leader-epoch') ? { delayMs: 1 } : undefined,
    schedule: (delayMs, action) => (delayMs > 0 ? void waiting.push(action) : queueMicrotask(action)),
  })
  const { directory, log } = await logOn(fileSystem)
  await appendDurably(log, { values: ['a'] })
  await appendDurably(log, { values: ['b'.repeat(1000)] })
  await log.deleteRecordsBefore(1) // the leader epochs have to be stored with the next append
  isSlow = true
  const appended = appendDurably(log, { values: ['c'.repeat(1000)] })
  while (waiting.length === 0) await Promise.resolve()
  await log.deleteRecordsBefore(2)
  isSlow = false
  waiting[0]!()
  await appended
  assert.deepEqual(await valuesOn(directory), [`2:${'c'.repeat(1000)}`])
  await log.enforceRetention()
  assert.equal(log.segmentCount, 1)
})

test('the topic id that a killed creation has left is certain before anything is stored under it', async () => {
  const first = mount(new SimulatedDisk(), ({ operation, path }) =>
    operation === 'datasync' && path.includes('partition.metadata') ? 'end' : undefined,
  )
  await Promise.race([logOn(first.fileSystem), first.ended])

  const second = mount(first.fileSystem.kill())
  const { log } = await logOn(second.fileSystem)
  await appendDurably(log, { values: ['kept'] })
  const third = await openDirectory(mount(second.fileSystem.cutPower({ choose: nothing })).fileSystem)
  assert.equal(third.get('orders', 0)?.topicId, log.topicId)
})

test('a power cut that keeps everything loses nothing', async () => {
  const { fileSystem } = mount(new SimulatedDisk())
  await appendDurably((await logOn(fileSystem)).log, { values: ['kept'] })
  assert.deepEqual(await valuesOn(await openDirectory(mount(fileSystem.cutPower({ choose: everything })).fileSystem)), [
    '0:kept',
  ])
})

for (const [ending, { isCompacted }] of Object.entries({
  'a clean stop': { isCompacted: false },
  'a kill': { isCompacted: false },
  'a compaction and a kill': { isCompacted: true },
})) {
  test(`each of a producer's last five batches is recognised when it is sent again after ${ending}`, async () => {
    const { fileSystem } = mount(new SimulatedDisk())
    const directory = await openDirectory(fileSystem)
    const config = { ...logConfig, segmentBytes: 200, cleanupCompact: isCompacted, minCleanableDirtyRatio: 0 }
    const log = await directory.create({ ...partition, config })
    const batches = [0, 1, 2, 3, 4].map(baseSequence => ({
      ...{ values: [`${baseSequence}`], keys: ['same'], producerId: 7, producerEpoch: 0, baseSequence },
    }))
    for (const batch of batches) await appendDurably(log, batch)
    await appendDurably(log, { values: ['other'], keys: ['other'] })
    if (isCompacted) await directory.compact()
    // A loss of power that takes nothing: everything has been flushed.
    if (ending === 'a clean stop') await directory.close()
    const started = await openDirectory(mount(fileSystem.cutPower({ choose: everything })).fileSystem)
    const found = started.get('orders', 0)
    assert.ok(found && found.segments.length > 2)
    for (const batch of batches) {
      const { isDuplicate, baseOffset } = found.append(batchOf(batch), { origin: 'client' })
      assert.deepEqual({ isDuplicate, baseOffset }, { isDuplicate: true, baseOffset: batch.baseSequence })
    }
  })
}

test('compaction keeps what a producer has stored, however much of it is on its way to the disk', async () => {
  const held: (() => void)[] = []
  let isHolding = false
  const fileSystem = new SimulatedFileSystem({
    disk: new SimulatedDisk(),
    choose: nothing,
    fateOf: ({ operation, path }) =>
      isHolding && operation === 'write' && path.endsWith('4.log') ? { delayMs: 1 } : undefined,
    schedule: (delayMs, action) => (delayMs > 0 ? void held.push(action) : queueMicrotask(action)),
  })
  const directory = await openDirectory(fileSystem)
  const config = { ...logConfig, segmentBytes: 200, cleanupCompact: true, minCleanableDirtyRatio: 0 }
  const log = await directory.create({ ...partition, config })
  const batch = (baseSequence: number) => ({
    ...{ values: [`${baseSequence}`], keys: ['same'], producerId: 7, producerEpoch: 0, baseSequence },
  })
  await appendDurably(log, batch(0))
  for (const values of [['1'], ['2'], ['3'], ['4']]) await appendDurably(log, { values, keys: ['same'] })
  assert.equal(log.segments.at(-1)!.baseOffset, 4)
  isHolding = true
  log.append(batchOf(batch(1)), { origin: 'client' })
  await new Promise(setImmediate)
  for (let sequence = 2; sequence <= 5; sequence++) log.append(batchOf(batch(sequence)), { origin: 'client' })
  const compaction = directory.compact()
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)

  const started = await openDirectory(mount(fileSystem.cutPower()).fileSystem)
  const found = started.get('orders', 0)!
  assert.equal(found.logEndOffset, 5)
  assert.equal(found.append(batchOf(batch(0)), { origin: 'client' }).isDuplicate, true)
  void compaction // never ends: its process has
})

test('a log that went offline removes no files, not even those that it had begun to give up', async () => {
  const held: (() => void)[] = []
  let isFailing = false
  const fileSystem = new SimulatedFileSystem({
    disk: new SimulatedDisk(),
    choose: nothing,
    fateOf: ({ operation, path }) => {
      if (isFailing && path.includes('log-start-offset-checkpoint')) return { delayMs: 1 }
      return isFailing && operation === 'datasync' && path.endsWith('.log') ? { failure: 'EIO' } : undefined
    },
    schedule: (delayMs, action) => (delayMs > 0 ? void held.push(action) : queueMicrotask(action)),
  })
  const directory = await openDirectory(fileSystem)
  const log = await directory.create({ ...partition, config: { ...logConfig, segmentBytes: 100 } })
  for (const value of ['a', 'b', 'c', 'd']) await appendDurably(log, { values: [value] })
  const logsOnDisk = async () =>
    (await fileSystem.list(`${dataPath}/orders-0`)).map(({ name }) => name).filter(name => name.endsWith('.log'))
  const before = await logsOnDisk()
  assert.ok(before.length > 2)

  isFailing = true
  const deletion = log.deleteRecordsBefore(3)
  await assert.rejects(appendDurably(log, { values: ['e'] }), { errorName: 'KAFKA_STORAGE_ERROR' })
  assert.ok(log.offlineReason)
  isFailing = false
  for (let turn = 0; turn < 20; turn++) {
    for (const action of held.splice(0)) action()
    await new Promise(setImmediate)
  }
  await deletion.catch(() => undefined)
  assert.deepEqual(
    (await logsOnDisk()).filter(name => before.includes(name)),
    before,
  )
})

test('what a failed flush has left is flushed before it is shown, also where nobody noted that the logs were checked', async () => {
  const isLog = ({ operation, path }: DiskCall) =>
    operation === 'datasync' && path.endsWith('/00000000000000000000.log')
  let isFailing = false
  const first = mount(new SimulatedDisk(), call => (isFailing && isLog(call) ? { failure: 'FLUSH_FAILED' } : undefined))
  const { log } = await logOn(first.fileSystem)
  isFailing = true
  await assert.rejects(appendDurably(log, { values: ['shown'] }), { errorName: 'KAFKA_STORAGE_ERROR' })

  const second = mount(first.fileSystem.kill())
  await second.fileSystem.remove(`${dataPath}/${bootIdFileName}`)
  const shown = await valuesOn(await openDirectory(second.fileSystem))
  assert.deepEqual(shown, ['0:shown'])
  const third = mount(second.fileSystem.cutPower({ choose: nothing }))
  assert.deepEqual(await valuesOn(await openDirectory(third.fileSystem)), shown)
})

test('a partition whose deletion met a full disk can be created again when there is room', async () => {
  let isFull = false
  const { fileSystem } = mount(new SimulatedDisk(), ({ operation }) =>
    isFull && operation === 'write' ? { failure: 'ENOSPC' } : undefined,
  )
  const { directory, log } = await logOn(fileSystem)
  await appendDurably(log, { values: ['old'] })
  isFull = true
  await assert.rejects(directory.delete('orders', 0), { code: 'ENOSPC' })
  await assert.rejects(directory.create(partition), { code: 'ENOSPC' })
  isFull = false
  assert.deepEqual(await readValues(await directory.create(partition)), [])
  await directory.close()
  assert.deepEqual(await valuesOn(await openDirectory(mount(fileSystem.kill()).fileSystem)), [])
})
