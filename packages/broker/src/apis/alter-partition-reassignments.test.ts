import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterPartitionReassignments, errorName, listPartitionReassignments } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

test('a partition can be where it is, and nowhere else', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const cases: [topic: string, partitionIndex: number, replicas: number[] | null, error: string][] = [
    ['t', 0, [1], 'NONE'],
    ['t', 0, null, 'NO_REASSIGNMENT_IN_PROGRESS'],
    ['t', 0, [], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [1, 2], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [1, 1], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 1, [1], 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['nope', 0, null, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ]
  for (const version of versionsOf(alterPartitionReassignments)) {
    for (const [name, partitionIndex, replicas, error] of cases) {
      const { responses } = await broker.request(alterPartitionReassignments, version, {
        topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
      })
      assert.equal(errorName(responses[0]!.partitions[0]!.errorCode), error, `${name}-${partitionIndex} ${replicas}`)
    }
  }
  const { errorCode, topics } = await broker.request(listPartitionReassignments, 0, { topics: null })
  assert.deepEqual([errorCode, topics], [0, []])
})
