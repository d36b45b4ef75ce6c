import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { defaultLogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import { appendDurably, readValues } from '../testing/batches.ts'
import { faultyFileSystem } from '../testing/faulty-file-system.ts'
import { logFixture, topicId } from '../testing/log-fixture.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { copyBackup } from './copy-backup.ts'
import type { PreparedBackup } from './prepare-backup.ts'

async function takeBackup(
  directory: LogDirectory,
  target: string,
  meanwhile = () => Promise.resolve(),
): Promise<PreparedBackup> {
  const backup = await directory.prepareBackup()
  await meanwhile()
  await copyBackup({ backup, target })
  await directory.discardBackup(backup)
  return backup
}

/** Opens the copy as a broker does, for the rest of the test. */
async function restored(t: TestContext, path: string): Promise<{ directory: LogDirectory; logger: RecordingLogger }> {
  const logger = new RecordingLogger()
  const defaultConfig = { ...defaultLogConfig, messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER }
  const directory = await LogDirectory.open({ path, logger, defaultConfig })
  t.after(() => directory.close())
  return { directory, logger }
}

const staged = async (path: string) => (await readdir(path)).filter(name => name.endsWith('-delete'))

test('a backup has all that was durable when it was asked for, of every partition, and starts as a broker', async t => {
  const { directory, log, path } = await logFixture(t, { config: { segmentBytes: 1000 } })
  await directory.create({ topic: 'empty', partition: 3, topicId, config: log.config })
  for (let i = 0; i < 40; i++) await appendDurably(log, { values: [`value ${i}`, 'x'.repeat(i)] })
  await log.deleteRecordsBefore(7)
  const values = await readValues(log)
  await takeBackup(directory, `${path}-copy`, async () => void (await appendDurably(log, { values: ['later'] })))
  const { directory: copy, logger } = await restored(t, `${path}-copy`)
  assert.deepEqual(await readValues(copy.get('orders', 0)!), values)
  assert.equal(copy.get('orders', 0)?.logStartOffset, 7)
  assert.equal(copy.get('empty', 3)?.logEndOffset, 0)
  assert.equal(copy.clusterId, directory.clusterId)
  assert.deepEqual(
    logger.lines.filter(({ fields }) => fields.bytes !== undefined || fields.error !== undefined),
    [],
  )
  assert.deepEqual(await staged(path), [], 'nothing is held any more')
  await appendDurably(copy.get('orders', 0)!, { values: ['on the copy'] })
})

test('while records are written, no partition of a backup is ahead of what it builds on', {
  timeout: 60_000,
}, async t => {
  const { directory, log: data, path } = await logFixture(t, { config: { segmentBytes: 2000 } })
  const offsets = await directory.create({ topic: 'offsets', partition: 0, topicId, config: data.config })
  let isDone = false
  const load = (async () => {
    while (!isDone) {
      await appendDurably(data, { values: ['x'.repeat(50)] })
      await appendDurably(offsets, { values: [String(data.highWatermark)] }) // as a consumer that has read it
    }
  })()
  for (let i = 0; i < 5; i++) {
    await takeBackup(directory, `${path}-copy-${i}`)
    const { directory: copy } = await restored(t, `${path}-copy-${i}`)
    const committed = (await readValues(copy.get('offsets', 0)!)).map(value => Number(value.split(':')[1]))
    const end = copy.get('orders', 0)!.logEndOffset
    assert.ok((committed.at(-1) ?? 0) <= end, `${committed.at(-1)} was committed, ${end} is the end`)
  }
  isDone = true
  await load
})

test('what is compacted, deleted or appended during the copy makes no difference to it', async t => {
  const config = {
    segmentBytes: 400,
    cleanupCompact: true,
    cleanupDelete: false,
    minCleanableDirtyRatio: 0,
    fileDeleteDelayMs: 0,
  }
  const { directory, log, path } = await logFixture(t, { config, cleaner: { isEnabled: false } })
  const deleted = await directory.create({ topic: 'deleted', partition: 0, topicId, config: log.config })
  for (let i = 0; i < 30; i++) await appendDurably(log, { keys: [`key ${i % 3}`], values: [`value ${i}`] })
  await appendDurably(deleted, { keys: ['key'], values: ['there'] })
  const before = [await readValues(log), await readValues(deleted)]
  await takeBackup(directory, `${path}-copy`, async () => {
    await directory.compact()
    assert.notDeepEqual(await readValues(log), before[0])
    await log.deleteRecordsBefore(20)
    await directory.delete('deleted', 0)
    for (let i = 0; i < 10; i++) await appendDurably(log, { keys: ['later'], values: ['later'] })
  })
  const { directory: copy } = await restored(t, `${path}-copy`)
  const after = [await readValues(copy.get('orders', 0)!), await readValues(copy.get('deleted', 0)!)]
  assert.deepEqual(after, before)
})

test('compaction, retention and deletion wait only until the files are held', async t => {
  const { directory, log, path } = await logFixture(t, { config: { segmentBytes: 300 } })
  for (let i = 0; i < 10; i++) await appendDurably(log, { values: [`value ${i}`] })
  const backup = await directory.prepareBackup()
  assert.equal(await log.deleteRecordsBefore(8), 8)
  await directory.delete('orders', 0)
  await copyBackup({ backup, target: `${path}-copy` })
  const { directory: copy } = await restored(t, `${path}-copy`)
  assert.equal(copy.get('orders', 0)?.logEndOffset, 10)
})

test('leaves out what is offline and says so, and refuses a target that holds anything', async t => {
  const fileSystem = faultyFileSystem()
  const { directory, log, path } = await logFixture(t, { fileSystem })
  await directory.create({ topic: 'healthy', partition: 0, topicId, config: log.config })
  fileSystem.fault = ({ operation, path }) =>
    operation === 'datasync' && path.includes('orders-0') ? 'EIO' : undefined
  await assert.rejects(appendDurably(log))
  fileSystem.fault = undefined
  const backup = await directory.prepareBackup()
  assert.deepEqual(Object.keys(backup.leftOut), ['orders-0'])
  assert.deepEqual(Object.keys(backup.endOffsets), ['healthy-0'])
  await mkdir(`${path}-taken`)
  await writeFile(`${path}-taken/file`, '')
  await assert.rejects(copyBackup({ backup, target: `${path}-taken` }), { code: 'EEXIST' })
})

test('a disk that refuses leaves nothing behind and the partitions as they were', async t => {
  const fileSystem = faultyFileSystem()
  const { directory, log, path } = await logFixture(t, { fileSystem })
  await appendDurably(log)
  fileSystem.fault = ({ path }) => (path.endsWith('recovery-point-offset-checkpoint') ? 'ENOSPC' : undefined)
  await assert.rejects(directory.prepareBackup(), { code: 'ENOSPC' })
  fileSystem.fault = undefined
  assert.deepEqual(await staged(path), [])
  assert.equal(await log.deleteRecordsBefore(1), 1)
})
