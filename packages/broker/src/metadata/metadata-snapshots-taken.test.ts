import assert from 'node:assert/strict'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Finding, StorageError, verifyDirectory } from '@ottla/log'
import { TestBroker } from '../testing/test-broker.ts'

const settings = { 'metadata.log.max.record.bytes.between.snapshots': '3000' }
const directory = (broker: TestBroker) => join(broker.path, 'data', '__cluster_metadata-0')

async function snapshots(broker: TestBroker): Promise<string[]> {
  return (await readdir(directory(broker))).filter(name => name.endsWith('.checkpoint')).sort()
}

function state({ broker }: TestBroker) {
  const topics = [...broker.metadata.topics()].map(({ name, id, partitionCount, overrides }) => [
    name,
    id,
    partitionCount,
    overrides,
  ])
  return { topics, features: broker.metadata.features, nextProducerId: broker.metadata.nextProducerId }
}

/** Topics that come and go, settings that change: about 12 kB of records. */
async function change(broker: TestBroker, from = 0): Promise<void> {
  const { metadata } = broker.broker
  await broker.createTopic('stays', { partitions: 3 }).catch(() => undefined)
  for (let i = from; i < from + 30; i++) {
    const { id } = await broker.createTopic(`topic-${i}`, { overrides: { 'retention.ms': String(1000 + i) } })
    if (i % 10 > 0) await metadata.deleteTopic(id)
    await metadata.takeProducerIds(1000)
  }
  await metadata.whenIdle()
}

test('snapshots keep what a start has to read small, and a start reads the same from them', async () => {
  await using broker = await TestBroker.start(settings)
  await change(broker)
  const before = state(broker)
  const names = await snapshots(broker)
  assert.equal(names.length, 2, 'the older one stays in case that the newer one rots')
  const { logStartOffset, logEndOffset } = broker.broker.logs.get('__cluster_metadata', 0)!
  assert.equal(logStartOffset, Number.parseInt(names[0]!, 10))
  assert.ok(logEndOffset - logStartOffset < 80, `${logEndOffset - logStartOffset} of ${logEndOffset} records are left`)
  for (let restarts = 0; restarts < 3; restarts++) {
    await broker.restart()
    assert.deepEqual(state(broker), before)
    assert.equal(broker.broker.metadata.brokerEpoch, broker.broker.metadata.epoch - 1)
  }
  await change(broker, 30)
  const after = state(broker)
  await broker.restart()
  assert.deepEqual(state(broker), after)
})

test('starts by the hundred leave a log as small as one', async () => {
  await using broker = await TestBroker.start(settings)
  await broker.createTopic('stays')
  for (let i = 0; i < 100; i++)
    await broker.broker.metadata.register([{ name: 'PLAINTEXT', host: 'localhost', port: i }])
  await broker.broker.metadata.whenIdle()
  const { logStartOffset, logEndOffset } = broker.broker.logs.get('__cluster_metadata', 0)!
  assert.ok(logEndOffset > 100 && logEndOffset - logStartOffset < 40, `${logStartOffset} to ${logEndOffset}`)
  await broker.restart()
  assert.equal(broker.broker.metadata.topic('stays')?.partitionCount, 1)
})

test('a damaged snapshot is reported, and the one before it and the log give the same', async () => {
  await using broker = await TestBroker.start(settings)
  await change(broker)
  const before = state(broker)
  const path = join(directory(broker), (await snapshots(broker)).at(-1)!)
  await broker.stop()
  const content = await readFile(path)
  await writeFile(path, content.subarray(0, content.length - 10))
  await broker.restart()
  assert.deepEqual(state(broker), before)
  assert.ok(broker.log.some(({ level, fields }) => level === 'error' && fields.path === path))
  await broker.stop()
  const findings: Finding[] = []
  await verifyDirectory({ path: join(broker.path, 'data'), report: finding => findings.push(finding) })
  assert.deepEqual(
    findings.map(finding => [finding.severity, finding.path]),
    [['damage', path]],
  )
})

test('a snapshot that is ahead of its log is removed before the log grows to it', async () => {
  await using broker = await TestBroker.start(settings)
  await change(broker)
  const before = state(broker)
  const newest = (await snapshots(broker)).at(-1)!
  const { logEndOffset } = broker.broker.logs.get('__cluster_metadata', 0)!
  await broker.stop()
  const ahead = `${String(logEndOffset + 2).padStart(20, '0')}-0000000099.checkpoint`
  await writeFile(join(directory(broker), ahead), await readFile(join(directory(broker), newest)))
  await broker.restart()
  assert.deepEqual(state(broker), before)
  assert.equal((await snapshots(broker)).includes(ahead), false)
  await broker.createTopic('later', { partitions: 2 })
  await broker.restart()
  assert.equal(broker.broker.metadata.topic('later')?.partitionCount, 2)
})

test('without any snapshot of what is gone the broker does not start', async () => {
  await using broker = await TestBroker.start(settings)
  await change(broker)
  const names = await snapshots(broker)
  await broker.stop()
  for (const name of names) await rm(join(directory(broker), name))
  await assert.rejects(broker.restart(), (error: unknown) => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /no snapshot.*Restore the directory from a backup/)
    return true
  })
})

test('what a snapshot stands for goes from the disk', async () => {
  await using broker = await TestBroker.start({ 'log.segment.delete.delay.ms': '0' })
  await broker.createTopic('stays')
  // Segments of the metadata log have 2 MiB.
  const { metadata } = broker.broker
  for (let i = 0; i < 250; i++) {
    await metadata.register([{ name: 'PLAINTEXT', host: 'x'.repeat(30_000), port: i }])
  }
  await metadata.whenIdle()
  const sizes = await Promise.all(
    (await readdir(directory(broker))).map(async name => (await stat(join(directory(broker), name))).size),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(total < 6 * 1024 * 1024, `${total} bytes are left of 7.5 MB`)
})
