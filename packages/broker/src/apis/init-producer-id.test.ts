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

test('says plainly that there are no transactions', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(initProducerId)) {
    assert.deepEqual(await ask(broker, version, { transactionalId: 'tx' }), {
      error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      producerId: -1,
      producerEpoch: -1,
    })
    assert.equal((await ask(broker, version, { transactionalId: '' })).error, 'INVALID_REQUEST')
  }
})
