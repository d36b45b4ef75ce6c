/** Transactions as a producer and its readers see them, over real connections. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { errorName, fetch, KafkaError, listOffsets, offsetFetch, type Response, recordBatches } from '@ottla/protocol'
import { TestBroker } from '../testing/test-broker.ts'
import { TestProducer } from '../testing/test-producer.ts'
import { until } from '../testing/until.ts'

let broker: TestBroker
before(async () => {
  // Under load the end of a transaction may take longer than a client should wait.
  broker = await TestBroker.start({ 'add.partitions.to.txn.retry.backoff.max.ms': '60000' })
})
after(() => broker[Symbol.asyncDispose]())

const readCommitted = 1

async function read(
  topic: string,
  fetchOffset = 0,
): Promise<Response<typeof fetch>['responses'][number]['partitions'][number]> {
  const { responses } = await broker.request(fetch, 12, {
    ...{ maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, isolationLevel: readCommitted, sessionEpoch: -1 },
    ...{ clusterId: null, replicaState: {}, forgottenTopicsData: [] },
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
  })
  return responses[0]!.partitions[0]!
}

/** What a `read_committed` consumer makes of the partition. */
async function committed(topic: string): Promise<string[]> {
  const values: string[] = []
  let offset = 0
  for (;;) {
    const { records, abortedTransactions, lastStableOffset } = await read(topic, offset)
    const aborted = abortedTransactions!.map(entry => [Number(entry.producerId), Number(entry.firstOffset)] as const)
    for (const batch of recordBatches(records ?? Buffer.alloc(0))) {
      offset = batch.nextOffset
      const index = aborted.findIndex(([id, firstOffset]) => id === batch.producerId && firstOffset <= batch.baseOffset)
      if (batch.isControl) {
        if (index >= 0) aborted.splice(index, 1)
      } else if (index < 0) {
        for (const { value } of batch.records({ maxDecompressedBytes: 1_000_000 })) values.push(String(value))
      }
    }
    if (offset >= Number(lastStableOffset)) return values
  }
}

async function committedOffset(groupId: string, topic: string, requireStable = false): Promise<string> {
  const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: [{ name: topic, partitionIndexes: [0] }] }]
  const answer = await broker.request(offsetFetch, 9, { groups, requireStable })
  const group = answer.groups[0]!
  if (group.errorCode !== 0) return errorName(group.errorCode)
  const partition = group.topics[0]!.partitions[0]!
  return partition.errorCode === 0 ? String(partition.committedOffset) : errorName(partition.errorCode)
}

for (const version of [1, 2] as const) {
  describe(`version ${version} of transactions`, () => {
    const name = (what: string): string => `${what}-${version}`

    test('records and offsets count when the transaction is committed, together', async () => {
      const topic = name('commit')
      await broker.createTopic(topic)
      const producer = await TestProducer.start(broker, topic, { version })
      if (version === 1) assert.equal(await producer.add(topic), 'NONE')
      assert.equal(await producer.send(topic, 'a'), 'NONE')
      if (version === 1) assert.equal(await producer.addOffsets(topic), 'NONE')
      assert.equal(await producer.commitOffset(topic, { topic, offset: 7 }), 'NONE')
      assert.deepEqual(await committed(topic), [])
      assert.equal(await committedOffset(topic, topic), '-1')
      assert.equal(await committedOffset(topic, topic, true), 'UNSTABLE_OFFSET_COMMIT')
      assert.equal(await producer.commit(), 'NONE')
      await until(async () => (await committed(topic)).length === 1)
      await until(async () => (await committedOffset(topic, topic, true)) === '7')
    })

    test('nothing of an aborted transaction counts', async () => {
      const topic = name('abort')
      await broker.createTopic(topic)
      const producer = await TestProducer.start(broker, topic, { version })
      for (const [value, end] of [
        ['a', 'abort'],
        ['b', 'commit'],
        ['c', 'abort'],
      ] as const) {
        if (version === 1) await producer.add(topic)
        assert.equal(await producer.send(topic, value), 'NONE')
        if (version === 1) await producer.addOffsets(topic)
        assert.equal(await producer.commitOffset(topic, { topic, offset: value.charCodeAt(0) }), 'NONE')
        assert.equal(await producer[end](), 'NONE')
      }
      // Three records, three markers.
      await until(async () => (await read(topic)).lastStableOffset === 6n)
      assert.deepEqual(await committed(topic), ['b'])
      assert.equal((await read(topic)).abortedTransactions?.length, 2)
      await until(async () => (await committedOffset(topic, topic, true)) === String('b'.charCodeAt(0)))
    })

    test('who comes under the same id fences the one before and aborts what it had open', async () => {
      const topic = name('fence')
      await broker.createTopic(topic)
      const zombie = await TestProducer.start(broker, topic, { version })
      if (version === 1) await zombie.add(topic)
      await zombie.send(topic, 'zombie')
      const successor = await TestProducer.start(broker, `${topic}-other`, { version })
      Object.assign(successor, { transactionalId: topic })
      assert.equal(await successor.initialise(), 'CONCURRENT_TRANSACTIONS')
      await until(async () => (await successor.initialise()) === 'NONE')
      assert.equal(successor.producerId, zombie.producerId)
      assert.ok(successor.producerEpoch > zombie.producerEpoch)
      assert.equal(await zombie.send(topic, 'late'), 'INVALID_PRODUCER_EPOCH')
      assert.equal(await zombie.commit(), 'PRODUCER_FENCED')
      assert.equal(await zombie.add(topic), 'PRODUCER_FENCED')
      if (version === 1) await successor.add(topic)
      assert.equal(await successor.send(topic, 'new'), 'NONE')
      assert.equal(await successor.commit(), 'NONE')
      await until(async () => (await committed(topic)).join() === 'new')
    })

    test('a partition takes records of an open transaction only that it is part of', async () => {
      const topic = name('outside')
      await broker.createTopic(topic, { partitions: 2 })
      const producer = await TestProducer.start(broker, topic, { version })
      assert.equal(await producer.send(topic, 'x', { version: 9 }), 'INVALID_TXN_STATE')
      assert.equal(await producer.send(topic, 'x', { version: 11 }), 'TRANSACTION_ABORTABLE')
      assert.equal(await producer.send(topic, 'x', { transactionalId: null }), 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
      assert.equal(await producer.send(topic, 'x', { transactionalId: 'nobody' }), 'INVALID_PRODUCER_ID_MAPPING')
      assert.equal(await producer.commitOffset('g', { topic, offset: 1 }, { version: 3 }), 'INVALID_TXN_STATE')
      assert.equal(await producer.commitOffset('g', { topic, offset: 1 }, { version: 4 }), 'TRANSACTION_ABORTABLE')
      await producer.add(topic, 0)
      assert.equal(await producer.send(topic, 'x', { version: 9 }), 'NONE')
      assert.equal(await producer.send(topic, 'x', { version: 9, partition: 1 }), 'INVALID_TXN_STATE')
      assert.equal(await producer.abort(), 'NONE')
    })

    test('an answer that was lost is given again', async () => {
      const topic = name('again')
      await broker.createTopic(topic)
      const producer = await TestProducer.start(broker, topic, { version })
      await producer.add(topic)
      const before = { ...producer, producerId: producer.producerId, producerEpoch: producer.producerEpoch }
      assert.equal(await producer.commit(), 'NONE')
      const after = [producer.producerId, producer.producerEpoch]
      Object.assign(producer, before)
      assert.equal(await producer.commit(), 'NONE')
      assert.deepEqual([producer.producerId, producer.producerEpoch], after)
      Object.assign(producer, before)
      assert.equal(await producer.abort(), 'INVALID_TXN_STATE')
    })
  })
}

test('the latest offset is for read_committed the last stable one', async () => {
  await broker.createTopic('latest')
  const producer = await TestProducer.start(broker, 'latest')
  await producer.send('latest', 'a')
  const latest = async (timestamp: number, isolationLevel: number): Promise<bigint> => {
    const topics = [{ name: 'latest', partitions: [{ partitionIndex: 0, timestamp }] }]
    const answer = await broker.request(listOffsets, 9, { replicaId: -1, isolationLevel, topics, timeoutMs: 0 })
    return answer.topics[0]!.partitions[0]!.offset
  }
  assert.deepEqual(await Promise.all([latest(-1, 0), latest(-1, 1), latest(-3, 0), latest(-3, 1)]), [1n, 0n, 0n, -1n])
  await producer.commit()
  await until(async () => (await latest(-1, 1)) === 2n)
  // The marker is the newest record.
  assert.equal(await latest(-3, 1), 1n)
})

test('a producer that has begun nothing may abort, but not commit', async () => {
  const producer = await TestProducer.start(broker, 'nothing')
  assert.equal(await producer.commit(), 'INVALID_TXN_STATE')
  const { producerEpoch } = producer
  assert.equal(await producer.abort(), 'NONE')
  assert.equal(producer.producerEpoch, producerEpoch + 1)
  assert.equal(await producer.end(false, 3), 'NONE', 'of version 1: the same end as before')
  assert.equal(await producer.end(true, 3), 'INVALID_TXN_STATE')
})

test('records behind the decision to end a transaction are not part of it, though its marker is still to be written', async () => {
  await using own = await TestBroker.start()
  await own.createTopic('behind')
  const producer = await TestProducer.start(own, 'behind', { version: 1 })
  await producer.add('behind')
  assert.equal(await producer.send('behind', 'a'), 'NONE')
  const log = own.broker.logs.get('behind', 0)!
  const append = log.append.bind(log)
  log.append = (records, options) => {
    if (options.origin === 'coordinator') throw new KafkaError('KAFKA_STORAGE_ERROR', 'no room for the marker')
    return append(records, options)
  }
  assert.equal(await producer.commit(), 'NONE')
  assert.equal(await producer.send('behind', 'b', { version: 12 }), 'CONCURRENT_TRANSACTIONS')
  assert.equal(await producer.send('behind', 'b', { version: 9 }), 'NOT_ENOUGH_REPLICAS')
  log.append = append
  await until(() => log.lastStableOffset === 2)
})

test('everything is as it was after a restart, open transactions too', async () => {
  await broker.createTopic('restart')
  const [open, done] = await Promise.all([TestProducer.start(broker, 'open'), TestProducer.start(broker, 'done')])
  for (const producer of [open, done]) {
    assert.equal(await producer.send('restart', producer.transactionalId), 'NONE')
    assert.equal(await producer.commitOffset(producer.transactionalId, { topic: 'restart', offset: 3 }), 'NONE')
  }
  assert.equal(await done.commit(), 'NONE')
  await broker.restart()
  await until(async () => (await committedOffset('done', 'restart', true)) === '3')
  assert.equal(await committedOffset('open', 'restart', true), 'UNSTABLE_OFFSET_COMMIT')
  assert.deepEqual(await committed('restart'), [])
  // Until transactions are loaded it is told to try again.
  await until(async () => (await open.send('restart', 'more')) === 'NONE')
  assert.equal(await open.commit(), 'NONE')
  await until(async () => (await committed('restart')).length === 3)
  assert.deepEqual(await committed('restart'), ['open', 'done', 'more'])
  assert.equal(await committedOffset('open', 'restart', true), '3')
})
