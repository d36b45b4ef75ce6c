import assert from 'node:assert/strict'
import { EventEmitter, on as onEvent } from 'node:events'
import { after, test } from 'node:test'
import { Consumer, type Message, Producer } from '@platformatic/kafka'
import { startOttla } from 'ottla'
import { deadLetterTopic } from '../contracts/topic.ts'
import { Consumption, nextOffsets } from './consume.ts'
import { kitTables } from './database.ts'
import { DeadLetters } from './dead-letters.ts'
import { ensureTopics } from './kafka.ts'
import { openNotes, silent } from './testing.ts'

const broker = await startOttla({ topics: { orders: { partitions: 2 } } })
const client = { brokers: broker.brokers, clientId: 'test' }
const producer = new Producer({ clientId: 'writer', bootstrapBrokers: broker.brokers })
after(async () => {
  await producer.close(true)
  await broker.stop()
})

const send = (...values: string[]) =>
  producer.send({
    messages: values.map(value => ({ topic: 'orders', key: Buffer.from(value), value: Buffer.from(value) })),
  })

/** Consumes into a queue that a test can await; `handle` may fail in its stead. */
function consumeInto(groupId: string, handle: (batch: Message[]) => Promise<void> = async () => undefined) {
  const handled = new EventEmitter()
  const queue = onEvent(handled, 'value')
  const consumption = new Consumption({
    groupId,
    topics: ['orders'],
    client,
    logger: silent,
    prepare: () => ensureTopics(client, []),
    handle: async batch => {
      await handle(batch)
      for (const message of batch) handled.emit('value', String(message.value))
    },
  })
  consumption.start()
  const take = async (count: number) => {
    const values: string[] = []
    while (values.length < count) {
      const { value, done } = await queue.next()
      assert.ok(!done, 'the queue has no end')
      values.push(String(value?.[0]))
    }
    return values
  }
  return { consumption, take }
}

test('a group begins at the oldest record, and goes on where it committed', async () => {
  await send('a', 'b', 'c')
  const first = consumeInto('goes-on')
  assert.deepEqual((await first.take(3)).sort(), ['a', 'b', 'c'])
  await first.consumption.stop()
  assert.equal(first.consumption.state, 'stopped')
  await send('d')
  const second = consumeInto('goes-on')
  assert.deepEqual(await second.take(1), ['d'])
  await second.consumption.stop()
})

test('what failed is not committed: a new client reads it again', async () => {
  let failures = 2
  const { consumption, take } = consumeInto('fails', async () => {
    if (failures === 0) return
    failures -= 1
    throw new Error('the database is away')
  })
  assert.deepEqual((await take(4)).sort(), ['a', 'b', 'c', 'd'])
  assert.equal(failures, 0)
  assert.equal(consumption.lastError, undefined, 'an error that is over is not shown')
  await consumption.stop()
})

test('the committed offset of a partition is the one after its last record', () => {
  const record = (partition: number, offset: bigint) => ({ topic: 't', partition, offset, leaderEpoch: 3 })
  assert.deepEqual(nextOffsets([record(0, 4n), record(1, 9n), record(0, 5n)]), [
    { topic: 't', partition: 0, offset: 6n, leaderEpoch: 3 },
    { topic: 't', partition: 1, offset: 10n, leaderEpoch: 3 },
  ])
})

test('topics are made once, whoever asks how often', async () => {
  const topic = deadLetterTopic('payment')
  await Promise.all([ensureTopics(client, [topic]), ensureTopics(client, [topic])])
  await ensureTopics(client, [topic])
})

test('a dead letter keeps its bytes and headers, and says where it was and what is wrong', async () => {
  await ensureTopics(client, [deadLetterTopic('order')])
  const deadLetters = new DeadLetters({ topic: 'order.dead', client, database: kitTables(await openNotes()) })
  const message = {
    topic: 'payments',
    partition: 3,
    offset: 17n,
    key: Buffer.from('order-1'),
    value: Buffer.from([0xff, 0x00]),
    headers: new Map([[Buffer.from('ce_id'), Buffer.from('7')]]),
  } as unknown as Message
  await deadLetters.put(message, { groupId: 'order', error: new TypeError('no'), at: new Date(0) })
  await deadLetters.close()
  const consumer = new Consumer({ clientId: 'reader', groupId: 'reader', bootstrapBrokers: broker.brokers })
  const stream = await consumer.consume({ topics: ['order.dead'], mode: 'earliest', autocommit: false })
  for await (const letter of stream) {
    assert.deepEqual([String(letter.key), letter.value], ['order-1', message.value])
    assert.deepEqual(Object.fromEntries([...letter.headers].map(pair => pair.map(String))), {
      ce_id: '7',
      'dead-topic': 'payments',
      'dead-partition': '3',
      'dead-offset': '17',
      'dead-group': 'order',
      'dead-error': 'TypeError',
      'dead-message': 'no',
      'dead-at': '1970-01-01T00:00:00.000Z',
    })
    break
  }
  await consumer.close(true)
})
