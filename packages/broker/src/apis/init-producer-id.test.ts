import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, initProducerId, type RequestInput } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

async function ask(broker: TestBroker, version: number, request: Partial<RequestInput<typeof initProducerId>> = {}) {
  const answer = await broker.request(initProducerId, version, {
    transactionalId: null,
    transactionTimeoutMs: 1_000,
    ...request,
  })
  return {
    error: errorName(answer.errorCode),
    producerId: Number(answer.producerId),
    producerEpoch: answer.producerEpoch,
  }
}

test('gives each producer an id of its own, in every version and over restarts', async () => {
  await using broker = await TestBroker.start()
  const ids = new Set<number>()
  for (let run = 0; run < 3; run++) {
    for (const version of versionsOf(initProducerId)) {
      const { error, producerId, producerEpoch } = await ask(broker, version)
      assert.deepEqual([error, producerEpoch], ['NONE', 0])
      assert.ok(!ids.has(producerId))
      ids.add(producerId)
    }
    await broker.restart()
  }
})

test('gives ids in parallel without giving one twice', async () => {
  await using broker = await TestBroker.start()
  const clients = await Promise.all(Array.from({ length: 4 }, () => broker.connect()))
  const answers = await Promise.all(
    clients.flatMap(client =>
      Array.from({ length: 600 }, () =>
        client.request(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1_000 }),
      ),
    ),
  )
  assert.equal(new Set(answers.map(({ producerId }) => producerId)).size, 2_400)
})

test('a producer that names its id gets a new one; half of a name is refused', async () => {
  await using broker = await TestBroker.start()
  for (const version of [3, 4, 5]) {
    assert.equal((await ask(broker, version, { producerId: 5, producerEpoch: 3 })).error, 'NONE')
    assert.equal((await ask(broker, version, { producerId: 5 })).error, 'INVALID_REQUEST')
  }
})

test('a transactional id keeps its producer id, and every newcomer fences the one before', async () => {
  await using broker = await TestBroker.start()
  const first = await ask(broker, 0, { transactionalId: 'tx' })
  assert.deepEqual([first.error, first.producerEpoch], ['NONE', 0])
  let epoch = 0
  for (const version of versionsOf(initProducerId)) {
    const { producerId } = first
    assert.deepEqual(await ask(broker, version, { transactionalId: 'tx' }), {
      error: 'NONE',
      producerId,
      producerEpoch: ++epoch,
    })
    assert.equal((await ask(broker, version, { transactionalId: '' })).error, 'INVALID_REQUEST')
    for (const transactionTimeoutMs of [0, -1, 900_001]) {
      const refused = await ask(broker, version, { transactionalId: 'tx', transactionTimeoutMs })
      assert.equal(refused.error, 'INVALID_TRANSACTION_TIMEOUT')
    }
  }
})

test('a producer that names what it has goes on, unless it was fenced', async () => {
  await using broker = await TestBroker.start()
  const { producerId } = await ask(broker, 5, { transactionalId: 'tx' })
  const goOn = (version: number, producerEpoch: number) =>
    ask(broker, version, { transactionalId: 'tx', producerId, producerEpoch })
  assert.equal((await goOn(5, 0)).producerEpoch, 1)
  assert.equal((await goOn(5, 0)).producerEpoch, 1, 'the same request again')
  assert.equal((await ask(broker, 5, { transactionalId: 'tx' })).producerEpoch, 2)
  assert.deepEqual([(await goOn(5, 1)).error, (await goOn(3, 1)).error], ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'])
})
