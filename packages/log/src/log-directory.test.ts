import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Timers } from './environment.ts'
import { defaultLogConfig } from './log-config.ts'
import { LogDirectory } from './log-directory.ts'
import type { LogDirectoryOptions } from './log-directory-options.ts'
import { StorageError } from './storage-error.ts'
import { appendDurably, batchOf, readValues } from './testing/batches.ts'
import { faultyFileSystem } from './testing/faulty-file-system.ts'
import { logFixture, topicId } from './testing/log-fixture.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

const config = { ...defaultLogConfig, messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER }

function open(path: string, options: Partial<LogDirectoryOptions> = {}): Promise<LogDirectory> {
  return LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config, ...options })
}

const refusal = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StorageError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
  return true
}

test('writes its identity and keeps it', async t => {
  const path = `${await temporaryDirectory(t)}/deep/down/data`
  const first = await open(path, { nodeId: 3 })
  assert.match(first.clusterId, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
  await first.close()
  assert.equal(
    await readFile(`${path}/meta.properties`, 'utf8'),
    `version=1\ncluster.id=${first.clusterId}\nnode.id=3\ndirectory.id=${first.directoryId}\n`,
  )
  const second = await open(path, { nodeId: 3, clusterId: first.clusterId })
  assert.deepEqual([second.clusterId, second.directoryId], [first.clusterId, first.directoryId])
  await second.close()
  await assert.rejects(open(path, { nodeId: 4 }), refusal('MISMATCH', /belongs to node 3, not to node 4/))
  await assert.rejects(open(path, { nodeId: 3, clusterId: 'other' }), refusal('MISMATCH', /belongs to the cluster/))
})

test('refuses a directory that is a file', async t => {
  const path = `${await temporaryDirectory(t)}/data`
  await writeFile(path, '')
  await assert.rejects(open(path), refusal('ENOTDIR', /is a file/))
})

test('refuses a directory that it may not write', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async t => {
  const path = await temporaryDirectory(t)
  await chmod(path, 0o500)
  await assert.rejects(open(path), /is it writable/)
})

test('says why when the disk refuses', async t => {
  const path = await temporaryDirectory(t)
  const fileSystem = faultyFileSystem()
  fileSystem.fault = call => (call.operation === 'open' ? 'EROFS' : undefined)
  await assert.rejects(open(path, { fileSystem }), refusal('EROFS', /meta\.properties/))
  fileSystem.fault = undefined
  await (await open(path, { fileSystem })).close()
})

test('refuses a layout of the future, one of the past, and a directory without identity', async t => {
  const { path, directory } = await logFixture(t)
  await directory.close()
  await writeFile(`${path}/meta.properties`, 'version=7\n')
  await assert.rejects(open(path), refusal('UNSUPPORTED_LAYOUT', /layout version 7, which is newer/))
  await writeFile(`${path}/meta.properties`, 'version=0\nbroker.id=1\n')
  await assert.rejects(open(path), refusal('UNSUPPORTED_LAYOUT', /layout version 0.*ZooKeeper/))
  await writeFile(`${path}/meta.properties`, 'version=1\n')
  await assert.rejects(open(path), refusal('DAMAGED', /lacks cluster\.id/))
  await rm(`${path}/meta.properties`)
  await assert.rejects(open(path), refusal('DAMAGED', /holds partitions \(orders-0\) but no meta\.properties/))
})

test('two of one process can not use one directory', async t => {
  const path = await temporaryDirectory(t)
  const first = await open(path)
  await assert.rejects(open(path), refusal('IN_USE', /already in use by this process/))
  await assert.rejects(open(path), refusal('IN_USE', /already in use by this process/))
  await first.close()
  await (await open(path)).close()
})

test('a clean stop leaves the marker, which is gone before anything is written', async t => {
  const { path, directory } = await logFixture(t)
  const marker = async () => (await readdir(path)).includes('.kafka_cleanshutdown')
  assert.equal(await marker(), false)
  await directory.close()
  assert.equal(await marker(), true)
  const again = await open(path)
  assert.equal(again.wasCleanStop, true)
  assert.equal(await marker(), false)
  await again.close()
})

test('fifty partitions are created with few syncs of the data directory', async t => {
  const path = await temporaryDirectory(t)
  const fileSystem = faultyFileSystem()
  const directory = await open(path, { fileSystem })
  fileSystem.calls.length = 0
  const partitions = Array.from({ length: 50 }, (_, partition) => partition)
  await Promise.all(partitions.map(partition => directory.create({ topic: 't', partition, topicId })))
  const syncs = fileSystem.calls.filter(call => call.operation === 'syncDirectory' && call.path === path)
  assert.ok(syncs.length >= 1 && syncs.length <= 10, `${syncs.length} syncs`)
  await directory.close()
  const again = await open(path)
  assert.equal([...again.logs()].length, 50)
  assert.equal(again.get('t', 49)?.topicId, topicId)
  await again.close()
})

test('a partition that can not be created leaves nothing behind', async t => {
  const path = await temporaryDirectory(t)
  const fileSystem = faultyFileSystem()
  const directory = await open(path, { fileSystem })
  fileSystem.fault = call => (call.path.includes('partition.metadata') ? 'ENOSPC' : undefined)
  await assert.rejects(directory.create({ topic: 't', partition: 0, topicId }), StorageError)
  assert.equal((await readdir(path)).includes('t-0'), false)
  fileSystem.fault = undefined
  await appendDurably(await directory.create({ topic: 't', partition: 0, topicId }))
  await directory.close()
})

test('a deleted partition is renamed, its waiters fail, and a new one of that name begins empty', async t => {
  let removeFiles: (() => void)[] = []
  const timers: Timers = {
    after(delayMs, action) {
      if (delayMs === config.fileDeleteDelayMs) removeFiles.push(action)
      return { cancel: () => undefined }
    },
  }
  const { path, directory, log } = await logFixture(t, { timers, checkpointIntervalMs: 7, retentionCheckIntervalMs: 8 })
  for (let i = 0; i < 3; i++) await appendDurably(log)
  await log.deleteRecordsBefore(2)
  const { nextOffset } = log.append(batchOf(), { origin: 'client' })
  const waiting = new Promise<Error | undefined>(resolve => log.whenDurable(nextOffset, resolve))
  await directory.delete('orders', 0)
  assert.equal(directory.get('orders', 0), undefined)
  assert.match(String(await waiting), /has been deleted/)
  assert.throws(() => log.append(batchOf(), { origin: 'client' }), { errorName: 'UNKNOWN_TOPIC_OR_PARTITION' })
  const renamed = (await readdir(path)).filter(name => /^orders-0\.[0-9a-f]{32}-delete$/.test(name))
  assert.equal(renamed.length, 1)

  const recreated = await directory.create({ topic: 'orders', partition: 0, topicId: 'another-topic-id-00000' })
  assert.deepEqual([recreated.logStartOffset, recreated.logEndOffset], [0, 0])
  for (const remove of removeFiles) remove()
  removeFiles = []
  await directory.close()
  const again = await open(path)
  assert.equal(again.get('orders', 0)?.logStartOffset, 0)
  assert.equal(again.get('orders', 0)?.topicId, 'another-topic-id-00000')
  assert.deepEqual(
    (await readdir(path)).filter(name => name.endsWith('-delete')),
    [],
  )
  await again.close()
})

test('directories that a stop has left to be deleted are removed at the next start', async t => {
  const { path, directory } = await logFixture(t)
  await directory.delete('orders', 0)
  await directory.close()
  assert.ok((await readdir(path)).some(name => name.endsWith('-delete')))
  await (await open(path)).close()
  assert.ok(!(await readdir(path)).some(name => name.endsWith('-delete')))
})

test('a partition whose creation was cut short is opened empty', async t => {
  const { path, directory } = await logFixture(t)
  await directory.close()
  await mkdir(`${path}/orders-1`)
  await rm(`${path}/.kafka_cleanshutdown`)
  const again = await open(path)
  assert.equal(await appendDurably(again.get('orders', 1)!), 0)
  await again.close()
})

test('nothing is flushed at a start and a stop in which nothing changed', async t => {
  const { path, directory, log } = await logFixture(t)
  await appendDurably(log)
  await directory.close()
  const fileSystem = faultyFileSystem()
  const again = await open(path, { fileSystem })
  await again.close()
  const inPartition = fileSystem.calls.filter(call => call.path.includes('orders-0'))
  assert.deepEqual(
    inPartition.filter(call => ['datasync', 'write', 'syncDirectory'].includes(call.operation)),
    [],
  )
})

test('a copy taken while records are appended opens as a prefix', async t => {
  const { path, log } = await logFixture(t, { config: { segmentBytes: 2000 } })
  const sending = Promise.all(Array.from({ length: 300 }, (_, i) => appendDurably(log, { values: [`v${i}`] })))
  await cp(path, `${path}-copy`, { recursive: true, filter: source => !source.endsWith('.lock') })
  await sending
  const values = await readValues(log)
  const copy = await open(`${path}-copy`)
  const copied = await readValues(copy.get('orders', 0)!)
  assert.deepEqual(copied, values.slice(0, copied.length))
  await copy.close()
})
