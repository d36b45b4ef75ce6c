import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startOttla } from './index.ts'

const kafkaFor = (brokers: string[]) => new Kafka({ brokers, logLevel: logLevel.NOTHING })

suite('startOttla', () => {
  test('gives a broker with the topics asked for, and leaves nothing behind', async () => {
    let dataDir: string
    let port: number
    {
      await using ottla = await startOttla({
        topics: { orders: { partitions: 3 }, payments: { configs: { 'retention.ms': '60000' } } },
      })
      dataDir = ottla.dataDir
      port = ottla.port
      assert.deepEqual(ottla.brokers, [`127.0.0.1:${port}`])
      const admin = kafkaFor(ottla.brokers).admin()
      await admin.connect()
      const { topics } = await admin.fetchTopicMetadata({ topics: ['orders', 'payments'] })
      assert.deepEqual(topics.map(({ name, partitions }) => [name, partitions.length]).sort(), [
        ['orders', 3],
        ['payments', 1],
      ])
      await admin.disconnect()
    }
    assert.equal(existsSync(dataDir), false)
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect').then(
      () => assert.fail('the port is still open'),
      error => assert.equal(error.code, 'ECONNREFUSED'),
    )
  })

  test('stops more than once, also with clients still connected', async () => {
    const ottla = await startOttla()
    const socket = connect(ottla.port, ottla.host)
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    await Promise.all([ottla.stop(), ottla.stop()])
    await ottla.stop()
    await closed
  })

  test('keeps a directory of its own, with what was written, from one start to the next', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ottla-kept-'))
    try {
      {
        await using ottla = await startOttla({ dataDir, topics: { orders: {} } })
        const producer = kafkaFor(ottla.brokers).producer()
        await producer.connect()
        await producer.send({ topic: 'orders', messages: [{ value: 'two mugs' }] })
        await producer.disconnect()
      }
      await using ottla = await startOttla({ dataDir, topics: { orders: {} } })
      const admin = kafkaFor(ottla.brokers).admin()
      await admin.connect()
      const [offsets] = await admin.fetchTopicOffsets('orders')
      assert.equal(offsets?.high, '1')
      await admin.disconnect()
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  test('runs ten times side by side', async () => {
    const brokers = await Promise.all(Array.from({ length: 10 }, () => startOttla({ topics: { orders: {} } })))
    assert.equal(new Set(brokers.map(({ port }) => port)).size, 10)
    await Promise.all(brokers.map(ottla => ottla.stop()))
    assert.equal(
      brokers.some(({ dataDir }) => existsSync(dataDir)),
      false,
    )
  })

  test('refuses an unknown setting and an invalid topic, and leaves nothing behind', async () => {
    // Temporary files of its own: other tests make and remove theirs meanwhile.
    const temporary = mkdtempSync(join(tmpdir(), 'ottla-test-'))
    const usual = process.env.TMPDIR
    process.env.TMPDIR = temporary
    try {
      await assert.rejects(startOttla({ settings: { 'num.partition': '3' } }), /num\.partitions/)
      await assert.rejects(startOttla({ topics: { 'a/b': {} } }))
      assert.deepEqual(readdirSync(temporary), [])
    } finally {
      if (usual === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = usual
      rmSync(temporary, { recursive: true, force: true })
    }
  })
})
