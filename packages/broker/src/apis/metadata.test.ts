import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, metadata, type RequestInput, zeroUuid } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

type MetadataInput = RequestInput<typeof metadata>
const unknownId = 'AAAAAAAAAAAAAAAAAAAAAw'

async function ask(broker: TestBroker, version: number, names: string[] | null, request: Partial<MetadataInput> = {}) {
  const topics = names?.map(name => ({ name })) ?? null
  return broker.request(metadata, version, { topics, ...request } as MetadataInput)
}

test('tells the broker, the cluster and a topic in every version', async () => {
  await using broker = await TestBroker.start({ 'broker.rack': 'r1' })
  const topic = await broker.createTopic('t', { partitions: 2 })
  for (const version of versionsOf(metadata)) {
    const answer = await ask(broker, version, ['t'])
    assert.deepEqual(answer.brokers, [
      { nodeId: 1, host: '127.0.0.1', port: broker.port, rack: version >= 1 ? 'r1' : null },
    ])
    assert.equal(answer.clusterId, version >= 2 ? broker.broker.clusterId : null)
    assert.equal(answer.controllerId, version >= 1 ? 1 : -1)
    const [told] = answer.topics
    assert.deepEqual(
      [told!.name, told!.topicId, told!.errorCode, told!.isInternal, told!.partitions.length],
      ['t', version >= 10 ? topic.id : zeroUuid, 0, false, 2],
    )
    assert.deepEqual(told!.partitions[1], {
      errorCode: 0,
      partitionIndex: 1,
      leaderId: 1,
      leaderEpoch: version >= 7 ? 0 : -1,
      replicaNodes: [1],
      isrNodes: [1],
      offlineReplicas: [],
    })
  }
})

test('null asks for all topics, in version 0 an empty list; from then on that asks for none', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('a')
  await broker.createTopic('b')
  for (const version of versionsOf(metadata)) {
    const all = await ask(broker, version, version === 0 ? [] : null)
    assert.deepEqual(
      all.topics.map(({ name }) => name),
      ['a', 'b'],
    )
    if (version > 0) assert.deepEqual((await ask(broker, version, [])).topics, [])
  }
})

test('creates a topic by being asked for it, with the default number of partitions', async () => {
  await using broker = await TestBroker.start({ 'num.partitions': '3' })
  for (const version of versionsOf(metadata)) {
    const { topics } = await ask(broker, version, [`t${version}`, `t${version}`], { allowAutoTopicCreation: true })
    assert.deepEqual(
      topics.map(({ errorCode, name, partitions }) => [errorCode, name, partitions.length]),
      [[0, `t${version}`, 3]],
    )
  }
  assert.equal(broker.broker.metadata.topicCount, versionsOf(metadata).length)
})

test('creates one topic when many ask for it at the same time', async () => {
  await using broker = await TestBroker.start()
  const clients = await Promise.all(Array.from({ length: 8 }, () => broker.connect()))
  const answers = await Promise.all(clients.map(client => client.request(metadata, 12, { topics: [{ name: 't' }] })))
  assert.equal(new Set(answers.map(({ topics }) => topics[0]!.topicId)).size, 1)
})

test('creates nothing when the client or the setting forbids it, or the name is not one', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(metadata).filter(version => version >= 4)) {
    const { topics } = await ask(broker, version, ['no', '..', 'a/b', 'x'.repeat(250), '__consumer_offsets'], {
      allowAutoTopicCreation: false,
    })
    assert.deepEqual(
      topics.map(({ errorCode }) => errorName(errorCode)),
      [
        'UNKNOWN_TOPIC_OR_PARTITION',
        'INVALID_TOPIC_EXCEPTION',
        'INVALID_TOPIC_EXCEPTION',
        'INVALID_TOPIC_EXCEPTION',
        'UNKNOWN_TOPIC_OR_PARTITION',
      ],
    )
    assert.equal(topics[4]!.isInternal, true)
  }
  const invalid = await ask(broker, 4, ['..', 'a/b'], { allowAutoTopicCreation: true })
  assert.deepEqual(
    invalid.topics.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_TOPIC_EXCEPTION', 'INVALID_TOPIC_EXCEPTION'],
  )
  await broker.restart({ 'auto.create.topics.enable': 'false' })
  assert.equal(errorName((await ask(broker, 9, ['no'])).topics[0]!.errorCode), 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.equal(broker.broker.metadata.topicCount, 0)
})

test('finds topics by id, and is told by which id there is none', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t')
  for (const version of [12, 13]) {
    const { topics } = await broker.request(metadata, version, {
      topics: [
        { name: null, topicId: id },
        { name: null, topicId: unknownId },
      ],
    })
    assert.deepEqual(
      topics.map(({ errorCode, name, topicId }) => [errorName(errorCode), name, topicId]),
      [
        ['NONE', 't', id],
        ['UNKNOWN_TOPIC_ID', null, unknownId],
      ],
    )
  }
})

test('refuses ids and missing names in versions that do not have them', async () => {
  await using broker = await TestBroker.start()
  for (const version of [10, 11]) {
    for (const topic of [{ name: null }, { name: 't', topicId: unknownId }]) {
      const { topics } = await broker.request(metadata, version, { topics: [topic] })
      assert.equal(errorName(topics[0]!.errorCode), 'INVALID_REQUEST')
    }
  }
})

test('tells what a client may do, if it asks', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const asking = { includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: true }
  for (const version of versionsOf(metadata).filter(version => version >= 8)) {
    const told = await ask(broker, version, ['t'], asking)
    assert.equal(told.topics[0]!.topicAuthorizedOperations, 3576)
    assert.equal(told.clusterAuthorizedOperations, version <= 10 ? 8096 : -2147483648)
    assert.equal((await ask(broker, version, ['t'])).topics[0]!.topicAuthorizedOperations, -2147483648)
  }
})

test('tells the advertised address where one is set', async () => {
  await using broker = await TestBroker.start({ 'advertised.listeners': 'PLAINTEXT://kafka.example:19092' })
  const { brokers } = await ask(broker, 9, [])
  assert.deepEqual(brokers, [{ nodeId: 1, host: 'kafka.example', port: 19092, rack: null }])
})
