import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { StorageError } from '@ottla/log'
import { fetch, listOffsets, metadata, produce, zeroUuid } from '@ottla/protocol'
import { Broker } from './broker.ts'
import { silentLogger } from './logger.ts'
import { SettingError } from './settings/setting.ts'
import { Settings } from './settings/settings.ts'
import { RawClient } from './testing/raw-client.ts'
import { batchOf, TestBroker } from './testing/test-broker.ts'

const start = (properties: Record<string, string>): Promise<Broker> => {
  const settings = new Settings(new Map(Object.entries({ listeners: 'PLAINTEXT://127.0.0.1:0', ...properties })))
  return Broker.start({ settings, logger: silentLogger, durability: 'os' })
}

test('records and their offsets are there after a restart', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const topicData = (value: string) => [
    { topicId: zeroUuid, name: 't', partitionData: [{ index: 0, records: batchOf([value]) }] },
  ]
  for (let run = 0; run < 3; run++) {
    const { responses } = await broker.request(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: topicData(`${run}`),
    })
    assert.equal(responses[0]!.partitionResponses[0]!.baseOffset, BigInt(run))
    await broker.restart()
  }
  const partitions = [{ partitionIndex: 0, timestamp: -1 }]
  const { topics } = await broker.request(listOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 't', partitions }],
  })
  assert.equal(topics[0]!.partitions[0]!.offset, 3n)
  const read = await broker.request(fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    isolationLevel: 0,
    topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }] }],
    forgottenTopicsData: [],
  })
  assert.equal(read.responses[0]!.partitions[0]!.records!.length, 3 * batchOf(['0']).length)
})

test('the cluster id belongs to the directory', async () => {
  await using broker = await TestBroker.start()
  const { clusterId } = broker.broker
  await broker.restart()
  assert.equal(broker.broker.clusterId, clusterId)
})

test('a directory is for one broker at a time: the second is refused, the first lives', async () => {
  await using broker = await TestBroker.start()
  await assert.rejects(start({ 'log.dirs': join(broker.path, 'data') }), error => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /in use/)
    return true
  })
  await broker.request(metadata, 9, { topics: [] })
})

test('a data directory that is a file is refused with its name', async () => {
  const path = await mkdtemp(join(tmpdir(), 'ottla-broker-'))
  await writeFile(join(path, 'file'), '')
  await assert.rejects(start({ 'log.dirs': join(path, 'file') }), error => {
    assert.ok(error instanceof StorageError)
    assert.ok(error.message.includes(join(path, 'file')))
    return true
  })
  await rm(path, { recursive: true })
})

test('several data directories, or none, are refused', async () => {
  await assert.rejects(start({ 'log.dirs': '/tmp/a,/tmp/b' }), SettingError)
  await assert.rejects(start({ 'log.dirs': '' }), SettingError)
})

test('listens on every interface when no host is given, and tells each client the address it came by', async () => {
  await using broker = await TestBroker.start({
    listeners: 'INSIDE://:0,OUTSIDE://127.0.0.1:0',
    'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
  })
  for (const { port } of broker.broker.addresses) {
    const client = await RawClient.connect({ port })
    const { brokers } = await client.request(metadata, 9, { topics: [] })
    assert.deepEqual([brokers[0]!.host, brokers[0]!.port], ['127.0.0.1', port])
    await client.close()
  }
})

test('can be stopped more than once, and then everything is free', async () => {
  const path = await mkdtemp(join(tmpdir(), 'ottla-broker-'))
  const broker = await start({ 'log.dirs': path })
  const { port } = broker.addresses[0]!
  await Promise.all([broker.stop(), broker.stop()])
  await broker.stop()
  const again = await start({ 'log.dirs': path, listeners: `PLAINTEXT://127.0.0.1:${port}` })
  await again.stop()
  await rm(path, { recursive: true })
})
