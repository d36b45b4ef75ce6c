import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPartitions, errorName, type RequestInput } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

type TopicInput = RequestInput<typeof createPartitions>['topics'][number]

async function extend(broker: TestBroker, version: number, topics: TopicInput[], validateOnly = false) {
  const { results } = await broker.request(createPartitions, version, { topics, timeoutMs: 5_000, validateOnly })
  return results.map(({ name, errorCode }) => [name, errorName(errorCode)])
}

test('gives topics more partitions in every version', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t')
  for (const version of versionsOf(createPartitions)) {
    const count = 2 + version
    assert.deepEqual(await extend(broker, version, [{ name: 't', count, assignments: null }]), [['t', 'NONE']])
    assert.equal(broker.broker.metadata.topic('t')!.partitionCount, count)
    assert.equal(broker.broker.logs.get('t', count - 1)!.topicId, id)
  }
})

test('refuses fewer, the same number, unknown topics and assignments that do not fit', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 3 })
  await broker.createTopic('__consumer_offsets', { partitions: 2 })
  const cases: [TopicInput, string][] = [
    [{ name: 't', count: 2, assignments: null }, 'INVALID_PARTITIONS'],
    [{ name: 't', count: 3, assignments: null }, 'INVALID_PARTITIONS'],
    [{ name: 't', count: -1, assignments: null }, 'INVALID_PARTITIONS'],
    [{ name: 'nope', count: 3, assignments: null }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ name: 't', count: 5, assignments: [{ brokerIds: [1] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [{ name: 't', count: 4, assignments: [{ brokerIds: [2] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [{ name: '__consumer_offsets', count: 4, assignments: null }, 'INVALID_TOPIC_EXCEPTION'],
  ]
  for (const [topic, error] of cases) assert.deepEqual(await extend(broker, 3, [topic]), [[topic.name, error]])
  const twice = { name: 't', count: 9, assignments: null }
  assert.deepEqual(await extend(broker, 3, [twice, twice]), [['t', 'INVALID_REQUEST']])
  assert.equal(broker.broker.metadata.topic('t')!.partitionCount, 3)
})

test('only validates when it is told so', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  assert.deepEqual(await extend(broker, 3, [{ name: 't', count: 4, assignments: null }], true), [['t', 'NONE']])
  assert.equal(broker.broker.metadata.topic('t')!.partitionCount, 1)
})
