import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type OttlaRecord, startOttla } from '../index.ts'
import { murmur2 } from '../murmur2.ts'

async function valuesOf(records: AsyncIterable<OttlaRecord>): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { value } of records) values.push(value)
  return values
}

suite('records without a client', () => {
  test('come back as they were stored: text, bytes, JSON, tombstones, keys, headers and times', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const positions = await ottla.produce('orders', [
      { key: 'order-1', value: { item: 'mug', count: 2 }, headers: { type: 'created' }, timestamp: 1_000 },
      { key: 'order-1', value: null, timestamp: 2_000 },
      { value: Uint8Array.of(0xff, 0), timestamp: 3_000 },
      { value: 'text', timestamp: 4_000 },
    ])
    assert.deepEqual(
      positions.map(({ offset }) => offset),
      [0, 1, 2, 3],
    )
    const records: OttlaRecord[] = []
    for await (const record of ottla.records('orders')) records.push(record)
    const [created, deleted, bytes, text] = records
    assert.deepEqual(created!.json(), { item: 'mug', count: 2 })
    assert.deepEqual([created!.key, created!.headers, created!.timestamp], ['order-1', { type: 'created' }, 1_000])
    assert.equal(deleted!.value, null)
    assert.throws(() => deleted!.json(), /orders-0@1 is a tombstone/)
    assert.deepEqual(bytes!.valueBytes, Uint8Array.of(0xff, 0))
    assert.equal(text!.value, 'text')
  })

  test('are the ones that clients see, and the other way round', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 3 } } })
    const kafka = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    const keys = Array.from({ length: 20 }, (_, index) => `order-${index}`)
    await producer.send({ topic: 'orders', messages: keys.map(key => ({ key, value: 'by a client' })) })
    await producer.disconnect()
    await ottla.produce(
      'orders',
      keys.map(key => ({ key, value: 'by the test' })),
    )
    const partitions = new Map<string | null, Set<number>>()
    for await (const { key, partition } of ottla.records('orders')) {
      partitions.set(key, (partitions.get(key) ?? new Set()).add(partition))
    }
    assert.equal(partitions.size, keys.length)
    for (const [key, found] of partitions) assert.equal(found.size, 1, `${key} is always in one partition`)
  })

  test('come in the order of their times over partitions, and can be limited to one', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 2 } } })
    const record = (value: string, partition: number, timestamp: number) => ({ value, partition, timestamp })
    await ottla.produce('orders', [record('a', 1, 1), record('b', 0, 2), record('c', 1, 3), record('d', 0, 4)])
    assert.deepEqual(await valuesOf(ottla.records('orders')), ['a', 'b', 'c', 'd'])
    assert.deepEqual(await valuesOf(ottla.records('orders', { partition: 1 })), ['a', 'c'])
    assert.deepEqual(await valuesOf(ottla.records('orders', { partition: 1, fromOffset: 1 })), ['c'])
    await assert.rejects(valuesOf(ottla.records('orders', { partition: 2 })), /orders has no partition 2/)
    await assert.rejects(valuesOf(ottla.records('order')), /There is no topic order; there is orders/)
  })

  test('can be followed, until the loop is left or the broker stops', async () => {
    const ottla = await startOttla({ topics: { orders: {} } })
    await ottla.produce('orders', { value: '0' })
    const seen: (string | null)[] = []
    for await (const { value } of ottla.records('orders', { follow: true })) {
      seen.push(value)
      if (seen.length === 3) break
      await ottla.produce('orders', { value: String(seen.length) })
    }
    assert.deepEqual(seen, ['0', '1', '2'])
    const following = valuesOf(ottla.records('orders', { follow: true, fromOffset: 3 }))
    const ended = assert.rejects(following, /Reading has ended: the broker was stopped/)
    await ottla.stop()
    await ended
  })

  test('are refused by a topic that does not exist, if the settings say so', async () => {
    await using ottla = await startOttla({ settings: { 'auto.create.topics.enable': 'false' } })
    await assert.rejects(ottla.produce('orders', { value: 'a' }), /There is no topic orders; there is none/)
    await using other = await startOttla({ settings: { 'num.partitions': '4' } })
    await other.produce('orders', { value: 'a', partition: 3 })
  })

  test('find their partition by the hash of Kafka', () => {
    // From Apache Kafka's own UtilsTest.
    for (const [text, hash] of [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ] as const) {
      assert.equal(murmur2(Buffer.from(text)), hash, text)
    }
  })
})

suite('waitFor', () => {
  test('resolves with a record that is there, or comes, even if its topic is yet to come', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    await ottla.produce('orders', { value: { id: 1 } })
    assert.equal((await ottla.waitFor('orders', record => record.json().id === 1)).offset, 0)
    const later = ottla.waitFor('orders', record => record.json().id === 2)
    const inNewTopic = ottla.waitFor('payments', () => true)
    await ottla.produce('orders', { value: 'no JSON' })
    await ottla.produce('orders', { value: { id: 2 } })
    await ottla.produce('payments', { value: 'paid' })
    assert.equal((await later).offset, 2)
    assert.equal((await inNewTopic).value, 'paid')
  })

  test('shows what did arrive when the time is up', async () => {
    await using ottla = await startOttla({ topics: { orders: {}, empty: {} } })
    await ottla.produce('orders', [{ key: 'k', value: { id: 1 }, headers: { type: 'created' } }, { value: 'no JSON' }])
    await assert.rejects(
      ottla.waitFor('orders', record => record.json().id === 2, { timeoutMs: 100 }),
      (error: Error) => {
        assert.match(error.message, /^No record of orders matched within 100 ms\.\n2 arrived:\n/)
        assert.match(error.message, / {2}0@0 {2}key "k" {2}value "{\\"id\\":1}" {2}headers type="created"/)
        assert.match(error.message, / {2}0@1 {2}key null {2}value "no JSON"/)
        assert.match(error.message, /The predicate threw for at least one of them: SyntaxError/)
        return true
      },
    )
    await assert.rejects(
      ottla.waitFor('empty', () => true, { timeoutMs: 20 }),
      /None arrived\./,
    )
    await assert.rejects(
      ottla.waitFor('nothing', () => true, { timeoutMs: 20 }),
      /None arrived\./,
    )
  })
})
