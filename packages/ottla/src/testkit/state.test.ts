import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { offsetCommit } from '@ottla/protocol'
import { Kafka, logLevel } from 'kafkajs'
import { RawClient } from '../../../broker/src/testing/raw-client.ts'
import { type Ottla, startOttla } from '../index.ts'

const kafkaFor = (ottla: Ottla) => new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING })

async function valuesOf(ottla: Ottla, topic: string): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { value } of ottla.records(topic)) values.push(value)
  return values
}

async function topicsOf(ottla: Ottla): Promise<string[]> {
  const admin = kafkaFor(ottla).admin()
  await admin.connect()
  const topics = await admin.listTopics()
  await admin.disconnect()
  return topics.filter(name => !name.startsWith('__')).sort()
}

suite('reset', () => {
  test('goes back to topics and records of the start, under a producer that stays connected', async () => {
    await using ottla = await startOttla({
      topics: {
        orders: { partitions: 2, configs: { 'retention.ms': '1000' }, records: [{ key: 'a', value: 'seed' }] },
        empty: {},
      },
    })
    const producer = kafkaFor(ottla).producer()
    await producer.connect()
    for (let round = 0; round < 3; round++) {
      await producer.send({ topic: 'orders', messages: [{ key: 'a', value: `round ${round}` }] })
      await ottla.produce('other', { value: 'x' })
      assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed', `round ${round}`])
      await ottla.reset()
      assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed'])
      assert.deepEqual(await topicsOf(ottla), ['empty', 'orders'])
    }
    await producer.disconnect()
    const admin = kafkaFor(ottla).admin()
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }],
    })
    assert.equal(resources[0]!.configEntries[0]!.configValue, '1000')
    await admin.disconnect()
  })

  test('forgets groups with their offsets; a consumer that goes on begins anew', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    const kafka = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } })
    const consumer = kafka.consumer({ groupId: 'payment' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const seen: string[] = []
    let arrived = Promise.withResolvers<void>()
    await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(String(message.value))
        arrived.resolve()
      },
    })
    await arrived.promise
    await ottla.groups.waitUntilCaughtUp('payment')
    arrived = Promise.withResolvers()
    await ottla.reset()
    assert.equal(ottla.groups.describe('payment')?.partitions[0]?.committedOffset ?? null, null)
    await arrived.promise
    assert.deepEqual(seen, ['seed', 'seed'])
    await consumer.disconnect()
  })

  test('works on a broker that was killed, and on one that began with a snapshot', async () => {
    await using first = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    const { port } = first
    await first.produce('orders', { value: 'kept' })
    await using ottla = await startOttla({ from: await first.snapshot() })
    await ottla.produce('orders', { value: 'gone' })
    await ottla.faults.kill()
    await ottla.reset()
    assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed', 'kept'])
    await first.faults.kill()
    await first.reset()
    assert.equal(first.port, port)
    assert.deepEqual(await valuesOf(first, 'orders'), ['seed'])
  })

  test('refuses a directory that is kept', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ottla-kept-'))
    try {
      await using ottla = await startOttla({ dataDir, topics: { orders: {} } })
      await ottla.produce('orders', { value: 'precious' })
      await assert.rejects(ottla.reset(), /is kept/)
      assert.deepEqual(await valuesOf(ottla, 'orders'), ['precious'])
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })
})

suite('snapshot and fork', () => {
  test('a snapshot is a directory that other brokers begin with, as often as they like', async () => {
    const original = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    const path = await original.snapshot()
    await original.produce('orders', { value: 'later' })
    assert.deepEqual(await valuesOf(original, 'orders'), ['seed', 'later'])
    for (const value of ['one', 'two']) {
      await using ottla = await startOttla({ from: path, topics: { orders: { records: [{ value: 'not again' }] } } })
      await ottla.produce('orders', { value })
      assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed', value])
    }
    await original.stop()
    assert.equal(existsSync(path), false)
  })

  test('a snapshot at a path of your own outlives its broker, and must not be there before', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ottla-saved-'))
    const path = join(directory, 'snapshot')
    try {
      {
        await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
        assert.equal(await ottla.snapshot({ path }), path)
        await assert.rejects(ottla.snapshot({ path }), { code: 'EEXIST' })
        assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed'], 'the broker goes on')
      }
      await using again = await startOttla({ from: path })
      assert.deepEqual(await valuesOf(again, 'orders'), ['seed'])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('carries committed offsets along', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: '0' }, { value: '1' }] } } })
    const client = await RawClient.connect({ port: ottla.port })
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
    await client.request(offsetCommit, 8, {
      groupId: 'payment',
      memberId: '',
      topics: [{ name: 'orders', partitions }],
    })
    await client.close()
    await using fork = await ottla.fork()
    assert.equal(fork.groups.describe('payment')?.partitions[0]?.committedOffset, 1)
  })

  test('a fork goes its own way', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    await using fork = await ottla.fork({ topics: { payments: {} } })
    assert.notEqual(fork.port, ottla.port)
    await fork.produce('orders', { value: 'of the fork' })
    await ottla.produce('orders', { value: 'of the original' })
    assert.deepEqual(await valuesOf(fork, 'orders'), ['seed', 'of the fork'])
    assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed', 'of the original'])
    assert.deepEqual(await topicsOf(fork), ['orders', 'payments'])
    await fork.reset()
    assert.deepEqual(await valuesOf(fork, 'orders'), ['seed'])
  })

  test('many changes of state at once happen one after the other, and leave nothing behind', async () => {
    const ottla = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    const [, path, , fork] = await Promise.all([
      ottla.reset(),
      ottla.snapshot(),
      ottla.reset(),
      ottla.fork(),
      ottla.reset(),
    ])
    assert.deepEqual(await valuesOf(ottla, 'orders'), ['seed'])
    await Promise.all([ottla.stop(), fork.stop()])
    assert.equal(existsSync(path), false)
    for (const { dataDir } of [ottla, fork]) assert.equal(existsSync(dirname(dataDir)), false)
  })
})
