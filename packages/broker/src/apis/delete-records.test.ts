import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteRecords, errorName, produce, zeroUuid } from '@ottla/protocol'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

async function remove(broker: TestBroker, version: number, name: string, offset: number) {
  const topics = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
  const answer = await broker.request(deleteRecords, version, { topics, timeoutMs: 5_000 })
  const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
  return [errorName(errorCode), Number(lowWatermark)]
}

async function write(broker: TestBroker, topic: string): Promise<void> {
  await broker.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [
      {
        topicId: zeroUuid,
        name: topic,
        partitionData: [{ index: 0, records: batchOf(['a', 'b', 'c', 'd', 'e', 'f']) }],
      },
    ],
  })
}

test('moves the log start in every version, also within a batch, and for good', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await write(broker, 't')
  for (const version of versionsOf(deleteRecords)) {
    assert.deepEqual(await remove(broker, version, 't', version + 1), ['NONE', version + 1])
    assert.deepEqual(await remove(broker, version, 't', 0), ['NONE', version + 1])
  }
  await broker.restart()
  assert.equal(broker.broker.logs.get('t', 0)!.logStartOffset, 3)
  assert.deepEqual(await remove(broker, 2, 't', -1), ['NONE', 6])
})

test('refuses offsets and topics that are not there, and topics that are compacted', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await broker.createTopic('compacted', { overrides: { 'cleanup.policy': 'compact' } })
  await write(broker, 't')
  for (const version of versionsOf(deleteRecords)) {
    assert.deepEqual(await remove(broker, version, 't', 7), ['OFFSET_OUT_OF_RANGE', -1])
    assert.deepEqual(await remove(broker, version, 't', -2), ['OFFSET_OUT_OF_RANGE', -1])
    assert.deepEqual(await remove(broker, version, 'nope', 0), ['UNKNOWN_TOPIC_OR_PARTITION', -1])
    assert.deepEqual(await remove(broker, version, 'compacted', 0), ['POLICY_VIOLATION', -1])
  }
})
