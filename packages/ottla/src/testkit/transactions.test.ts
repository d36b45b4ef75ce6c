import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Kafka, logLevel, type Transaction } from 'kafkajs'
import { type Ottla, startOttla } from '../index.ts'

async function valuesOf(ottla: Ottla): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { value } of ottla.records('orders')) values.push(value)
  return values
}

async function transactionalProducer({ brokers }: Ottla) {
  const retry = { initialRetryTime: 10, retries: 20 }
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry })
  const producer = kafka.producer({ transactionalId: 't', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}

const send = (transaction: Transaction, value: string) => transaction.send({ topic: 'orders', messages: [{ value }] })

suite('transactions in a test', () => {
  test('only what is committed is shown', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const producer = await transactionalProducer(ottla)
    const aborted = await producer.transaction()
    await send(aborted, 'aborted')
    assert.deepEqual(await valuesOf(ottla), [])
    await aborted.abort()
    const committed = await producer.transaction()
    await send(committed, 'committed')
    assert.deepEqual(await valuesOf(ottla), [])
    const arrival = ottla.waitFor('orders', () => true)
    await committed.commit()
    assert.equal((await arrival).value, 'committed')
    assert.deepEqual(await valuesOf(ottla), ['committed'])
    await producer.disconnect()
  })

  test('one that is never ended times out when the test says so, and holds up nobody any more', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const producer = await transactionalProducer(ottla)
    const forgotten = await producer.transaction()
    await send(forgotten, 'forgotten')
    await ottla.produce('orders', { value: 'behind it' })
    assert.deepEqual(await valuesOf(ottla), [])
    const arrival = ottla.waitFor('orders', () => true)
    await ottla.clock.advance({ minutes: 15 })
    assert.equal((await arrival).value, 'behind it')
    await producer.disconnect()
  })

  test('an open one is forgotten by a reset, and its commit refused', async () => {
    await using ottla = await startOttla({ topics: { orders: { records: [{ value: 'seed' }] } } })
    const producer = await transactionalProducer(ottla)
    const open = await producer.transaction()
    await send(open, 'open')
    await ottla.reset()
    await assert.rejects(open.commit())
    assert.deepEqual(await valuesOf(ottla), ['seed'])
    await producer.disconnect()
  })
})
