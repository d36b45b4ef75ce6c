import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopics, errorName, type RequestInput, zeroUuid } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

type TopicInput = RequestInput<typeof createTopics>['topics'][number]

const topicOf = (name: string, options: Partial<TopicInput> = {}): TopicInput => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...options,
})

async function create(broker: TestBroker, version: number, topics: TopicInput[], validateOnly = false) {
  const answer = await broker.request(createTopics, version, { topics, timeoutMs: 5_000, validateOnly })
  return answer.topics.map(({ errorCode, ...topic }) => ({ ...topic, error: errorName(errorCode) }))
}

test('creates topics in every version and tells what they became', async () => {
  await using broker = await TestBroker.start({ 'num.partitions': '4' })
  for (const version of versionsOf(createTopics)) {
    const retention = { configs: [{ name: 'retention.ms', value: '1234' }] }
    const [two, defaults] = await create(broker, version, [
      topicOf(`two-${version}`, { numPartitions: 2, ...retention }),
      topicOf(`defaults-${version}`, { numPartitions: -1, replicationFactor: -1 }),
    ])
    assert.deepEqual([two!.error, defaults!.error], ['NONE', 'NONE'])
    const topic = broker.broker.metadata.topic(`two-${version}`)!
    assert.deepEqual([topic.partitionCount, topic.config.retentionMs], [2, 1234])
    assert.equal(broker.broker.metadata.topic(`defaults-${version}`)!.partitionCount, 4)
    assert.ok(broker.broker.logs.get(topic.name, 1))
    assert.equal(two!.topicId, version >= 7 ? topic.id : zeroUuid)
    if (version < 5) continue
    assert.deepEqual([two!.numPartitions, two!.replicationFactor, defaults!.numPartitions], [2, 1, 4])
    assert.deepEqual(
      two!.configs!.find(({ name }) => name === 'retention.ms'),
      {
        name: 'retention.ms',
        value: '1234',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
      },
    )
    assert.equal(two!.configs!.length, 37)
  }
})

test('only validates when it is told so', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(createTopics)) {
    assert.deepEqual(
      (await create(broker, version, [topicOf('t'), topicOf('a/b')], true)).map(({ error }) => error),
      ['NONE', 'INVALID_TOPIC_EXCEPTION'],
    )
  }
  assert.equal(broker.broker.metadata.topicCount, 0)
})

test('refuses what Kafka refuses, each topic for itself', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('there')
  await broker.createTopic('with.dot')
  const config = (name: string, value: string | null) => ({ configs: [{ name, value }] })
  const manual = (...assignments: [number, number[]][]) => ({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
  })
  const cases: [TopicInput, string, RegExp][] = [
    [topicOf('there'), 'TOPIC_ALREADY_EXISTS', /already exists/],
    [topicOf(''), 'INVALID_TOPIC_EXCEPTION', /empty string/],
    [topicOf('.'), 'INVALID_TOPIC_EXCEPTION', /'\.' is not allowed/],
    [topicOf('..'), 'INVALID_TOPIC_EXCEPTION', /'\.\.' is not allowed/],
    [topicOf('a/b'), 'INVALID_TOPIC_EXCEPTION', /other than ASCII alphanumerics/],
    [topicOf('ä'), 'INVALID_TOPIC_EXCEPTION', /other than ASCII alphanumerics/],
    [topicOf('x'.repeat(250)), 'INVALID_TOPIC_EXCEPTION', /longer than the max allowed length 249/],
    [topicOf('with_dot'), 'INVALID_TOPIC_EXCEPTION', /collides with existing topic: with\.dot/],
    [topicOf('__cluster_metadata'), 'INVALID_REQUEST', /prohibited/],
    [topicOf('t', { replicationFactor: 2 }), 'INVALID_REPLICATION_FACTOR', /only 1 broker/],
    [topicOf('t', { replicationFactor: 0 }), 'INVALID_REPLICATION_FACTOR', /larger than 0/],
    [topicOf('t', { numPartitions: 0 }), 'INVALID_PARTITIONS', /non-positive/],
    [topicOf('t', { numPartitions: -2 }), 'INVALID_PARTITIONS', /non-positive/],
    [topicOf('t', config('nonsense', '1')), 'INVALID_CONFIG', /Unknown topic config name: nonsense/],
    [topicOf('t', config('retention.ms', 'long')), 'INVALID_CONFIG', /Not a number of type LONG/],
    [topicOf('t', config('retention.ms', null)), 'INVALID_CONFIG', /Null value/],
    [topicOf('t', { ...manual([0, [1]]), numPartitions: 1 }), 'INVALID_REQUEST', /numPartitions was not set to -1/],
    [
      topicOf('t', { ...manual([0, [1]]), replicationFactor: 1 }),
      'INVALID_REQUEST',
      /replication factor was not set to -1/,
    ],
    [topicOf('t', manual([1, [1]])), 'INVALID_REPLICA_ASSIGNMENT', /consecutive/],
    [topicOf('t', manual([0, [5]])), 'INVALID_REPLICA_ASSIGNMENT', /no such broker/],
    [topicOf('t', manual([0, []])), 'INVALID_REPLICA_ASSIGNMENT', /empty replica list/],
    [topicOf('t', manual([0, [1, 1]])), 'INVALID_REPLICA_ASSIGNMENT', /more than once/],
  ]
  for (const version of [2, 7]) {
    for (const [topic, error, message] of cases) {
      const [refused, accepted] = await create(broker, version, [topic, topicOf('beside')], true)
      assert.deepEqual([refused!.error, accepted!.error], [error, 'NONE'], topic.name)
      assert.match(refused!.errorMessage!, message)
    }
  }
  assert.equal(broker.broker.metadata.topicCount, 2)
})

test('takes an assignment by hand that names this broker', async () => {
  await using broker = await TestBroker.start()
  const assignments = [
    { partitionIndex: 1, brokerIds: [1] },
    { partitionIndex: 0, brokerIds: [1] },
  ]
  const [created] = await create(broker, 7, [topicOf('t', { numPartitions: -1, replicationFactor: -1, assignments })])
  assert.deepEqual([created!.error, created!.numPartitions], ['NONE', 2])
})

test('refuses a topic that one request names twice', async () => {
  await using broker = await TestBroker.start()
  const answer = await create(broker, 7, [topicOf('t'), topicOf('t'), topicOf('other')])
  assert.deepEqual(
    answer.map(({ name, error }) => [name, error]),
    [
      ['t', 'INVALID_REQUEST'],
      ['other', 'NONE'],
    ],
  )
})
