import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeQuorum, errorName } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

test('this node alone keeps the metadata, up to the last change', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  for (const version of versionsOf(describeQuorum)) {
    const { topics, nodes } = await broker.request(describeQuorum, version, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    })
    const { leaderId, highWatermark, currentVoters, observers } = topics[0]!.partitions[0]!
    assert.equal(leaderId, 1)
    assert.equal(Number(highWatermark), broker.broker.metadata.epoch)
    assert.deepEqual(
      currentVoters.map(({ replicaId, logEndOffset }) => [replicaId, logEndOffset]),
      [[1, highWatermark]],
    )
    assert.deepEqual(observers, [])
    if (version < 2) continue
    assert.deepEqual(
      nodes.map(({ nodeId, listeners }) => [nodeId, ...listeners.map(({ port }) => port)]),
      [[1, broker.port]],
    )
  }
})

test('no other log has a quorum', async () => {
  await using broker = await TestBroker.start()
  for (const [topicName, partitionIndex] of [
    ['__cluster_metadata', 1],
    ['t', 0],
  ] as const) {
    const { topics } = await broker.request(describeQuorum, 2, {
      topics: [{ topicName, partitions: [{ partitionIndex }] }],
    })
    assert.equal(errorName(topics[0]!.partitions[0]!.errorCode), 'UNKNOWN_TOPIC_OR_PARTITION')
  }
})
