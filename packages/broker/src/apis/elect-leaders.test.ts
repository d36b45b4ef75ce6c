import assert from 'node:assert/strict'
import { test } from 'node:test'
import { electLeaders, errorName } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

test('no partition needs an election, whatever the kind and the version', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  for (const version of versionsOf(electLeaders)) {
    for (const electionType of version === 0 ? [0] : [0, 1]) {
      const answer = await broker.request(electLeaders, version, {
        electionType,
        topicPartitions: [
          { topic: 't', partitions: [1, 2] },
          { topic: 'nope', partitions: [0] },
        ],
      })
      assert.deepEqual(
        answer.replicaElectionResults.map(({ topic, partitionResult }) => [
          topic,
          ...partitionResult.map(({ partitionId, errorCode }) => [partitionId, errorName(errorCode)]),
        ]),
        [
          ['t', [1, 'ELECTION_NOT_NEEDED'], [2, 'UNKNOWN_TOPIC_OR_PARTITION']],
          ['nope', [0, 'UNKNOWN_TOPIC_OR_PARTITION']],
        ],
      )
    }
    const all = await broker.request(electLeaders, version, { topicPartitions: null })
    assert.deepEqual(all.replicaElectionResults, [{ topic: 't', partitionResult: [] }])
  }
})

test('refuses a kind of election that does not exist', async () => {
  await using broker = await TestBroker.start()
  const { errorCode, replicaElectionResults } = await broker.request(electLeaders, 2, {
    electionType: 5,
    topicPartitions: [{ topic: 't', partitions: [3] }],
  })
  assert.equal(errorName(errorCode), 'INVALID_REQUEST')
  assert.equal(replicaElectionResults[0]!.partitionResult[0]!.errorMessage, 'Unknown election type 5')
})
