import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, offsetForLeaderEpoch, produce, zeroUuid } from '@ottla/protocol'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

test('tells where an epoch ended, in every version', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await broker.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ topicId: zeroUuid, name: 't', partitionData: [{ index: 0, records: batchOf(['a', 'b']) }] }],
  })
  for (const version of versionsOf(offsetForLeaderEpoch)) {
    const ask = async (partition: number, leaderEpoch: number, currentLeaderEpoch = -1) => {
      const partitions = [{ partition, leaderEpoch, currentLeaderEpoch }]
      const { topics } = await broker.request(offsetForLeaderEpoch, version, { topics: [{ topic: 't', partitions }] })
      const answer = topics[0]!.partitions[0]!
      return [errorName(answer.errorCode), answer.leaderEpoch, Number(answer.endOffset)]
    }
    assert.deepEqual(await ask(0, 0), ['NONE', 0, 2])
    assert.deepEqual(await ask(0, 7), ['NONE', -1, -1])
    assert.deepEqual(await ask(0, 0, 0), ['NONE', 0, 2])
    assert.deepEqual(await ask(0, 0, 5), ['UNKNOWN_LEADER_EPOCH', -1, -1])
    assert.deepEqual(await ask(4, 0), ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1])
  }
})
