import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeTopicPartitions, errorName, type RequestInput } from '@ottla/protocol'
import { TestBroker } from '../testing/test-broker.ts'

type Cursor = RequestInput<typeof describeTopicPartitions>['cursor']

async function ask(broker: TestBroker, names: string[], options: { limit?: number; cursor?: Cursor } = {}) {
  const { limit = 2_000, cursor = null } = options
  const { topics, nextCursor } = await broker.request(describeTopicPartitions, 0, {
    topics: names.map(name => ({ name })),
    responsePartitionLimit: limit,
    cursor,
  })
  const told = topics.map(({ name, errorCode, partitions }) => [
    name,
    errorName(errorCode),
    partitions.map(({ partitionIndex }) => partitionIndex),
  ])
  return { topics, told, nextCursor }
}

test('describes topics in the order of their names, unknown ones too, and creates none', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('b', { partitions: 2 })
  await broker.createTopic('a')
  const { topics, told, nextCursor } = await ask(broker, ['b', 'nope', 'a', 'a', 'a/b'])
  assert.deepEqual(told, [
    ['a', 'NONE', [0]],
    ['a/b', 'INVALID_TOPIC_EXCEPTION', []],
    ['b', 'NONE', [0, 1]],
    ['nope', 'UNKNOWN_TOPIC_OR_PARTITION', []],
  ])
  assert.equal(nextCursor, null)
  assert.equal(topics[2]!.topicId, id)
  assert.deepEqual(topics[2]!.partitions[1], {
    errorCode: 0,
    partitionIndex: 1,
    leaderId: 1,
    leaderEpoch: 0,
    replicaNodes: [1],
    isrNodes: [1],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    offlineReplicas: [],
  })
  assert.deepEqual(
    (await ask(broker, [])).told.map(([name]) => name),
    ['a', 'b'],
  )
})

test('a client that follows the cursor sees every partition once', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('a', { partitions: 5 })
  await broker.createTopic('b', { partitions: 1 })
  await broker.createTopic('c', { partitions: 4 })
  for (const limit of [1, 2, 3, 5, 7]) {
    const seen: string[] = []
    let cursor: Cursor = null
    do {
      const page = await ask(broker, ['a', 'b', 'c'], { limit, cursor })
      const count = page.topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      assert.ok(count <= limit)
      for (const { name, partitions } of page.topics)
        seen.push(...partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`))
      cursor = page.nextCursor
    } while (cursor !== null)
    assert.deepEqual(seen, ['a-0', 'a-1', 'a-2', 'a-3', 'a-4', 'b-0', 'c-0', 'c-1', 'c-2', 'c-3'])
  }
})

test('answers at least one partition, and no more than the broker allows', async () => {
  await using broker = await TestBroker.start({ 'max.request.partition.size.limit': '2' })
  await broker.createTopic('t', { partitions: 5 })
  assert.deepEqual((await ask(broker, ['t'], { limit: 0 })).nextCursor, { topicName: 't', partitionIndex: 1 })
  assert.deepEqual((await ask(broker, ['t'])).nextCursor, { topicName: 't', partitionIndex: 2 })
})

test('refuses a cursor that points before a topic, and takes one that points behind', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  assert.equal(
    (await ask(broker, ['t'], { cursor: { topicName: 't', partitionIndex: -1 } })).told[0]![1],
    'INVALID_REQUEST',
  )
  assert.deepEqual((await ask(broker, ['t'], { cursor: { topicName: 't', partitionIndex: 9 } })).told, [
    ['t', 'NONE', []],
  ])
})
