import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { errorName, fetch, listOffsets, metadata, produce } from '@ottla/protocol'
import { Kafka, logLevel } from 'kafkajs'
import { RawClient } from '../../../broker/src/testing/raw-client.ts'
import { batchOf } from '../../../broker/src/testing/test-broker.ts'
import { type Ottla, startOttla } from '../index.ts'

async function send(client: RawClient, topic: string, value = 'x'): Promise<string> {
  const partitionData = [{ index: 0, records: batchOf([value]) }]
  const topicData = [{ name: topic, partitionData }]
  const { responses } = await client.request(produce, 9, { acks: -1, timeoutMs: 30_000, topicData })
  return errorName(responses[0]!.partitionResponses[0]!.errorCode)
}

async function endOffset(client: RawClient, topic: string): Promise<number> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
  const answer = await client.request(listOffsets, 7, { replicaId: -1, isolationLevel: 0, topics })
  return Number(answer.topics[0]!.partitions[0]!.offset)
}

const connect = ({ port }: Ottla) => RawClient.connect({ port })

suite('faults of requests', () => {
  test('an error is answered as often as asked, to the requests in its scope only', async () => {
    await using ottla = await startOttla({ topics: { orders: {}, payments: {} } })
    const client = await connect(ottla)
    const fault = ottla.faults.fail({ api: 'Produce', topic: 'orders', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })
    assert.equal(await send(client, 'payments'), 'NONE')
    assert.equal(await send(client, 'orders'), 'NOT_LEADER_OR_FOLLOWER')
    assert.equal(fault.count, 1)
    assert.equal(await send(client, 'orders'), 'NOT_LEADER_OR_FOLLOWER')
    await fault.done
    assert.equal(await send(client, 'orders'), 'NONE')
    assert.equal(await endOffset(client, 'orders'), 1)
    await client.close()
  })

  test('a fault can be for one client, for several APIs, and be removed', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const client = await connect(ottla)
    const other = ottla.faults.fail({ clientId: 'somebody else', error: 'UNKNOWN_SERVER_ERROR', times: Infinity })
    const fault = ottla.faults.fail({
      api: ['Fetch', 'Produce'],
      clientId: 'raw',
      error: 'KAFKA_STORAGE_ERROR',
      times: Infinity,
    })
    for (let round = 0; round < 3; round++) assert.equal(await send(client, 'orders'), 'KAFKA_STORAGE_ERROR')
    fault.remove()
    assert.equal(await send(client, 'orders'), 'NONE')
    assert.deepEqual([fault.count, other.count], [3, 0])
    await client.close()
  })

  test('what is misspelt is refused, with what there is', async () => {
    await using ottla = await startOttla()
    assert.throws(() => ottla.faults.drop({ api: 'Produze' }), /no API Produze: it is one of Produce, Fetch/)
    assert.throws(() => ottla.faults.fail({ error: 'NOT_LEADER' }), /no error NOT_LEADER: it is one of/)
    assert.throws(() => ottla.faults.drop({ times: 0 }), RangeError)
  })

  test('a request is held until the fault is removed, others are not', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const [client, other] = [await connect(ottla), await connect(ottla)]
    const fault = ottla.faults.hold({ api: 'Produce' })
    const sent = send(client, 'orders', 'held')
    await fault.done
    assert.equal(await send(other, 'orders', 'first'), 'NONE')
    fault.remove()
    assert.equal(await sent, 'NONE')
    const values: (string | null)[] = []
    for await (const { value } of ottla.records('orders')) values.push(value)
    assert.deepEqual(values, ['first', 'held'])
    await Promise.all([client.close(), other.close()])
  })

  test('a delayed request acts when its time is up, at the latest when its client leaves', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const client = await connect(ottla)
    ottla.faults.delay({ api: 'Produce', delayMs: 20 })
    assert.equal(await send(client, 'orders'), 'NONE')
    const fault = ottla.faults.delay({ api: 'Produce', delayMs: 3_600_000 })
    const sent = send(client, 'orders', 'late')
    await fault.done
    await client.close()
    await assert.rejects(sent, /closed/)
    await ottla.waitFor('orders', ({ value }) => value === 'late')
  })

  test('a dropped request is neither carried out nor answered, and keeps no broker from stopping', async () => {
    const ottla = await startOttla({ topics: { orders: {} } })
    const client = await connect(ottla)
    const fault = ottla.faults.drop({ api: 'Produce' })
    const sent = assert.rejects(send(client, 'orders'), /closed/)
    await fault.done
    const other = await connect(ottla)
    assert.equal(await endOffset(other, 'orders'), 0)
    await ottla.stop()
    await sent
  })

  test('a cut connection and a lost answer differ in what is stored', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    ottla.faults.disconnect({ api: 'Produce' })
    await assert.rejects(send(await connect(ottla), 'orders'), /closed/)
    const client = await connect(ottla)
    assert.equal(await endOffset(client, 'orders'), 0)
    ottla.faults.loseAnswer({ api: 'Produce' })
    await assert.rejects(send(await connect(ottla), 'orders'), /closed/)
    assert.equal(await endOffset(client, 'orders'), 1)
    await client.close()
  })

  test('an idempotent producer survives a lost answer without a duplicate', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const retry = { initialRetryTime: 10, maxRetryTime: 100, retries: 20 }
    const kafka = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING, retry })
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const lost = ottla.faults.loseAnswer({ api: 'Produce', topic: 'orders' })
    await producer.send({ topic: 'orders', messages: [{ value: 'once' }] })
    assert.equal(lost.count, 1)
    const values: (string | null)[] = []
    for await (const { value } of ottla.records('orders')) values.push(value)
    assert.deepEqual(values, ['once'])
    await producer.disconnect()
  })

  test('are undone by a reset', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    ottla.faults.fail({ error: 'UNKNOWN_SERVER_ERROR', times: Infinity })
    ottla.faults.fillDisk()
    const client = await connect(ottla)
    await ottla.reset()
    assert.equal(await send(client, 'orders'), 'NONE')
    await client.close()
  })
})

suite('faults of the broker', () => {
  test('a full disk refuses what is to be written, serves what is there, and recovers', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'before' }] } } })
    const client = await connect(ottla)
    ottla.faults.fillDisk()
    assert.equal(await send(client, 'orders'), 'KAFKA_STORAGE_ERROR')
    await assert.rejects(ottla.produce('orders', { value: 'x' }), /no space left/)
    const read = await client.request(fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }] }],
      forgottenTopicsData: [],
    })
    assert.ok(read.responses[0]!.partitions[0]!.records!.length > 0)
    ottla.faults.freeDisk()
    assert.equal(await send(client, 'orders'), 'NONE')
    await client.close()
  })

  for (const durability of ['os', 'fsync'] as const) {
    test(`a kill leaves what was acknowledged (${durability}), and the port is the same after it`, async () => {
      await using ottla = await startOttla({ topics: { orders: {} }, durability })
      const { port } = ottla
      const client = await connect(ottla)
      for (let n = 0; n < 5; n++) assert.equal(await send(client, 'orders', `${n}`), 'NONE')
      const following = assert.rejects(
        ottla.waitFor('orders', () => false),
        /the broker was killed/,
      )
      await ottla.faults.kill()
      await client.closed
      await following
      await assert.rejects(connect(ottla), { code: 'ECONNREFUSED' })
      await assert.rejects(async () => ottla.produce('orders', { value: 'x' }), /has been killed/)
      await ottla.faults.restart()
      assert.equal(ottla.port, port)
      const again = await connect(ottla)
      assert.equal(await endOffset(again, 'orders'), 5)
      assert.equal(await send(again, 'orders'), 'NONE')
      await again.close()
    })
  }

  test('a restart without a kill is one in order', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'kept' }] } } })
    await ottla.faults.restart()
    const client = await connect(ottla)
    assert.equal(await endOffset(client, 'orders'), 1)
    const { topics } = await client.request(metadata, 9, { topics: [{ name: 'orders' }] })
    assert.equal(topics[0]!.partitions[0]!.leaderEpoch, 0, 'only an unclean start raises it')
    await client.close()
  })
})
