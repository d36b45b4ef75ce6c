import assert from 'node:assert/strict'
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeMetadataRecord, produce, recordBatches, zeroUuid } from '@ottla/protocol'
import { batchOf, TestBroker } from '../testing/test-broker.ts'

async function write(broker: TestBroker, topic: string, values: string[]): Promise<void> {
  const partitionData = [{ index: 0, records: batchOf(values) }]
  const { responses } = await broker.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ topicId: zeroUuid, name: topic, partitionData }],
  })
  assert.equal(responses[0]!.partitionResponses[0]!.errorCode, 0)
}

const directories = async (broker: TestBroker): Promise<string[]> =>
  (await readdir(join(broker.path, 'data'), { withFileTypes: true }))
    .filter(entry => entry.isDirectory() && !entry.name.endsWith('-delete'))
    .map(({ name }) => name)
    .sort()

/** The types of all records in the metadata log, in order. */
async function recordTypes(broker: TestBroker): Promise<string[]> {
  const log = broker.broker.logs.get('__cluster_metadata', 0)!
  const { records } = await log.read({ fromOffset: 0, maxBytes: 1_000_000, minOneBatch: true, isolation: 'logEnd' })
  return records.flatMap(buffer =>
    [...recordBatches(buffer)].flatMap(batch =>
      [...batch.records({ maxDecompressedBytes: 1_000_000 })].map(({ value }) => decodeMetadataRecord(value!).type),
    ),
  )
}

test('topics, ids, partitions and settings survive a restart', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t', { partitions: 2, overrides: { 'retention.ms': '77' } })
  await broker.createTopic('gone')
  await broker.broker.metadata.createPartitions(id, 3)
  await broker.broker.metadata.deleteTopic(broker.broker.metadata.topic('gone')!.id)
  await write(broker, 't', ['a', 'b'])
  for (let restarts = 0; restarts < 3; restarts++) {
    await broker.restart()
    const topics = [...broker.broker.metadata.topics()]
    assert.deepEqual(
      topics.map(({ name, id, partitionCount, config }) => [name, id, partitionCount, config.retentionMs]),
      [['t', id, 3, 77]],
    )
    assert.equal(broker.broker.logs.get('t', 0)!.highWatermark, 2)
    assert.equal(broker.broker.metadata.brokerEpoch, broker.broker.metadata.epoch - 1)
  }
})

test('a partition of which a crash left nothing but its directory is not in the way of a new one', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t', { partitions: 2 })
  const data = join(broker.path, 'data')
  await broker.stop()
  await mkdir(join(data, 't-2'))
  await cp(join(data, 't-1', 'partition.metadata'), join(data, 't-2', 'partition.metadata'))
  await broker.restart()
  assert.deepEqual(await directories(broker), ['__cluster_metadata-0', 't-0', 't-1'])
  await broker.broker.metadata.createPartitions(id, 3)
  assert.equal(broker.broker.logs.get('t', 2)?.isOffline, false)
})

test('a log that returns after the start and belongs to no topic goes if it holds nothing', async () => {
  await using broker = await TestBroker.start()
  const { metadata, logs } = broker.broker
  await broker.createTopic('known', { partitions: 1 })
  const ofTopic = async (topic: string) => await logs.create({ topic, partition: 0, topicId: 'gone-topic-id-00000000' })
  const [empty, full] = [await ofTopic('empty'), await ofTopic('full')]
  full.append(batchOf(['kept']), { origin: 'client' })
  for (const log of [empty, full, logs.get('known', 0)!]) await metadata.logReturned(log)
  assert.deepEqual(await directories(broker), ['__cluster_metadata-0', 'full-0', 'known-0'])
  await broker.createTopic('empty')
})

test('a change is in the log as KRaft records, all of them in one batch', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2, overrides: { 'retention.ms': '77' } })
  const types = await recordTypes(broker)
  assert.equal(types[0], 'registerBrokerRecord')
  assert.deepEqual(types.slice(-4), ['topicRecord', 'partitionRecord', 'partitionRecord', 'configRecord'])
  const log = broker.broker.logs.get('__cluster_metadata', 0)!
  const { records } = await log.read({
    fromOffset: log.logEndOffset - 1,
    maxBytes: 1_000_000,
    minOneBatch: true,
    isolation: 'logEnd',
  })
  assert.deepEqual(
    [...recordBatches(Buffer.concat(records))].map(({ recordCount }) => recordCount),
    [4],
  )
})

test('a topic that is created anew has another id and none of the old records', async () => {
  await using broker = await TestBroker.start()
  const old = await broker.createTopic('t')
  await write(broker, 't', ['old'])
  await broker.broker.metadata.deleteTopic(old.id)
  const topic = await broker.createTopic('t')
  assert.notEqual(topic.id, old.id)
  assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 0)
  await broker.restart()
  assert.equal(broker.broker.metadata.topic('t')!.id, topic.id)
  assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 0)
})

test('a directory that a crash has left without a record is removed at the next start, empty as it is', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await broker.broker.logs.create({ topic: 'half', partition: 0, topicId: 'AAAAAAAAAAAAAAAAAAAAAw' })
  await broker.restart()
  assert.deepEqual(await directories(broker), ['__cluster_metadata-0', 't-0'])
  await broker.createTopic('half')
})

test('a directory of a deleted topic that a crash has left is removed at the next start', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t')
  await write(broker, 't', ['old'])
  await broker.broker.metadata.deleteTopic(id)
  const name = (await readdir(join(broker.path, 'data'))).find(entry => entry.endsWith('-delete'))!
  await broker.stop()
  await rename(join(broker.path, 'data', name), join(broker.path, 'data', 't-0'))
  await broker.restart()
  assert.equal(broker.broker.logs.get('t', 0), undefined)
  await broker.createTopic('t')
  assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 0)
})

test('records of a topic that nobody knows are left alone, and stand in the way with a word of what to do', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await write(broker, 't', ['precious'])
  await broker.stop()
  await rm(join(broker.path, 'data', '__cluster_metadata-0'), { recursive: true })
  await broker.restart()
  assert.equal(broker.broker.metadata.topic('t'), undefined)
  assert.ok(broker.log.some(({ level, message }) => level === 'warn' && /leaving a directory alone/.test(message)))
  assert.deepEqual(await directories(broker), ['__cluster_metadata-0', 't-0'])
  await assert.rejects(broker.createTopic('t'), {
    errorName: 'KAFKA_STORAGE_ERROR',
    message: /t-0 of a topic that is not known: move it away/,
  })
})

test('a directory that is missing is begun anew, with an error in the log', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  await broker.stop()
  await rm(join(broker.path, 'data', 't-1'), { recursive: true })
  await broker.restart()
  assert.equal(broker.broker.logs.get('t', 1)!.logEndOffset, 0)
  assert.ok(
    broker.log.some(
      ({ level, fields }) => level === 'error' && JSON.stringify(fields) === '{"topic":"t","partitions":[1]}',
    ),
  )
})

test('a topic whose directories cannot be made is not there at all', async () => {
  await using broker = await TestBroker.start()
  // A file in the place of the second partition's directory.
  await writeFile(join(broker.path, 'data', 't-1'), '')
  await assert.rejects(broker.createTopic('t', { partitions: 3 }), { errorName: 'KAFKA_STORAGE_ERROR' })
  assert.equal(broker.broker.metadata.topic('t'), undefined)
  assert.deepEqual(await directories(broker), ['__cluster_metadata-0'])
  await rm(join(broker.path, 'data', 't-1'))
  await broker.createTopic('t', { partitions: 3 })
})

test('the broker does not start on a metadata log with a hole', async () => {
  await using broker = await TestBroker.start()
  for (let topics = 0; topics < 20; topics++) await broker.createTopic(`t${topics}`)
  await broker.stop()
  const path = join(broker.path, 'data', '__cluster_metadata-0', '00000000000000000000.log')
  const { readFile } = await import('node:fs/promises')
  const bytes = await readFile(path)
  bytes.writeUInt8(bytes[500]! ^ 1, 500)
  await writeFile(path, bytes)
  await rm(join(broker.path, 'data', '.kafka_cleanshutdown'), { force: true })
  await assert.rejects(broker.restart(), error => error instanceof Error && error.message.includes(path))
})

test('changes made at the same time are made one after the other, and all of them are there', async () => {
  await using broker = await TestBroker.start()
  const names = Array.from({ length: 30 }, (_, index) => `t${index}`)
  await Promise.all(names.map(name => broker.createTopic(name)))
  const results = await Promise.allSettled([
    broker.createTopic('same'),
    broker.createTopic('same'),
    broker.broker.metadata.alterConfig({ type: 'topic', name: 't1' }, () => new Map([['retention.ms', '5']])),
    broker.broker.metadata.alterConfig({ type: 'topic', name: 't1' }, () => new Map([['segment.ms', '6']])),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  await broker.restart()
  assert.equal(broker.broker.metadata.topicCount, 31)
  assert.deepEqual(Object.fromEntries(broker.broker.metadata.topic('t1')!.overrides), {
    'retention.ms': '5',
    'segment.ms': '6',
  })
})

test('unknown files in the data directory disturb nobody', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await broker.stop()
  await mkdir(join(broker.path, 'data', 'lost+found'))
  await writeFile(join(broker.path, 'data', 'README'), 'hello')
  await broker.restart()
  assert.ok(broker.broker.metadata.topic('t'))
})
