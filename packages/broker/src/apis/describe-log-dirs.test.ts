import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterReplicaLogDirs, describeLogDirs, errorName } from '@ottla/protocol'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

test('tells the bytes of each partition in every version, and the size of the disk where there is room for it', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  const batch = batchOf(['one'])
  broker.broker.logs.get('t', 1)!.append(batch, { origin: 'client' })
  for (const version of versionsOf(describeLogDirs)) {
    const { results } = await broker.request(describeLogDirs, version, { topics: null })
    const [result] = results
    assert.equal(result!.logDir, broker.broker.logs.path)
    assert.deepEqual(
      result!.topics.map(({ name, partitions }) => [name, ...partitions.map(one => Number(one.partitionSize))]),
      [['t', 0, batch.length]],
    )
    if (version < 4) continue
    assert.ok(result!.totalBytes >= result!.usableBytes && result!.usableBytes > 0n)
  }
})

test('leaves out what is not there, and names nothing twice', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  const { results } = await broker.request(describeLogDirs, 4, {
    topics: [
      { topic: 't', partitions: [1, 1, 7] },
      { topic: 't', partitions: [1] },
      { topic: 'nope', partitions: [0] },
    ],
  })
  assert.deepEqual(
    results[0]!.topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)]),
    [['t', [1]]],
  )
})

test('a replica can be moved to the directory where it is, in every version', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const { path } = broker.broker.logs
  for (const version of versionsOf(alterReplicaLogDirs)) {
    const { results } = await broker.request(alterReplicaLogDirs, version, {
      dirs: [
        { path, topics: [{ name: 't', partitions: [0, 1] }] },
        { path: '/elsewhere', topics: [{ name: 'u', partitions: [0] }] },
      ],
    })
    assert.deepEqual(
      results.map(({ topicName, partitions }) => [topicName, ...partitions.map(one => errorName(one.errorCode))]),
      [
        ['t', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
        ['u', 'LOG_DIR_NOT_FOUND'],
      ],
    )
  }
})
