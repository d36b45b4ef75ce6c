import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Consumer, GroupProtocols, stringDeserializers } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { type Ottla, startOttla } from '../index.ts'

const kafkaFor = (ottla: Ottla, clientId: string) =>
  new Kafka({ brokers: ottla.brokers, clientId, logLevel: logLevel.NOTHING })

async function consumerOf(ottla: Ottla, clientId: string) {
  const consumer = kafkaFor(ottla, clientId).consumer({ groupId: 'payment', maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  return consumer
}

const records = Array.from({ length: 12 }, (_, index) => ({ value: `${index}` }))

suite('groups', () => {
  test('a classic group is waited for until it is stable, and until it has read everything', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 3, records }, others: { records } } })
    assert.deepEqual(ottla.groups.list(), [])
    const seen = new Set<string>()
    const consumers = [await consumerOf(ottla, 'one'), await consumerOf(ottla, 'two')]
    for (const consumer of consumers) {
      void consumer.run({ eachMessage: async ({ message }) => void seen.add(String(message.value)) })
    }
    const { members, state } = await ottla.groups.waitUntilStable('payment', { members: 2 })
    assert.deepEqual([state, members.map(({ clientId }) => clientId).sort()], ['Stable', ['one', 'two']])
    const { partitions } = await ottla.groups.waitUntilCaughtUp('payment')
    assert.equal(seen.size, 12)
    assert.deepEqual(
      partitions.map(({ topic, committedOffset }) => [topic, committedOffset]),
      Array(3).fill(['orders', 4]),
    )
    assert.deepEqual(ottla.groups.list(), ['payment'])
    for (const consumer of consumers) await consumer.disconnect()
    assert.equal(ottla.groups.describe('payment')?.state, 'Empty')
  })

  test('so is one of the protocol of KIP-848', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 2, records } } })
    const consumer = new Consumer({
      bootstrapBrokers: ottla.brokers,
      clientId: 'new',
      groupId: 'payment',
      groupProtocol: GroupProtocols.CONSUMER,
      deserializers: stringDeserializers,
    })
    const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', autocommit: true, maxWaitTime: 50 })
    stream.on('data', () => undefined)
    const { members } = await ottla.groups.waitUntilStable('payment', { members: 1 })
    assert.equal(members[0]!.clientId, 'new')
    await ottla.groups.waitUntilCaughtUp('payment')
    await stream.close()
    await consumer.close(true)
  })

  test('an error tells the state of the group, and what it has not read', async () => {
    await using ottla = await startOttla({ topics: { orders: { records } } })
    await assert.rejects(
      ottla.groups.waitUntilStable('nobody', { timeoutMs: 20 }),
      /Group nobody was not stable within 20 ms: there is no such group/,
    )
    const consumer = await consumerOf(ottla, 'stuck')
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run({ eachMessage: () => promise })
    await ottla.groups.waitUntilStable('payment')
    await assert.rejects(ottla.groups.waitUntilCaughtUp('payment', { timeoutMs: 50 }), (error: Error) => {
      assert.match(error.message, /had not read everything within 50 ms: it is Stable, with 1 members \(stuck\)/)
      assert.match(error.message, /\n {2}orders-0: nothing committed, end 12$/)
      return true
    })
    await assert.rejects(
      ottla.groups.waitUntilStable('payment', { members: 2, timeoutMs: 20 }),
      /not stable with 2 members within 20 ms: it is Stable, with 1 members/,
    )
    resolve()
    await consumer.disconnect()
  })
})
