/** OffsetDelete (KIP-496): forgets offsets of topics that the group does not read any more; answered when that is durable. */

import { type ErrorName, errorCode, KafkaError, offsetDelete } from '@ottla/protocol'
import { assertGroupName } from '../groups/group-id.ts'
import { deleteOffsets, type TopicPartition } from '../groups/offset-operations.ts'
import { handler } from './handler.ts'

export const offsetDeleteHandler = handler(
  offsetDelete,
  async ({ request, broker }) => {
    const { groupId } = request
    assertGroupName(groupId)
    const offsets: TopicPartition[] = []
    // For each partition of the request: what is wrong with it, or its place among the offsets to delete.
    const outcomes = request.topics.map(({ name, partitions }) => {
      const partitionCount = broker.metadata.topic(name)?.partitionCount ?? 0
      return partitions.map(({ partitionIndex }): ErrorName | number => {
        if (partitionIndex < 0 || partitionIndex >= partitionCount) return 'UNKNOWN_TOPIC_OR_PARTITION'
        return offsets.push({ topic: name, partition: partitionIndex }) - 1
      })
    })
    const shard = broker.groups.existingShard(groupId)
    if (shard === null) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    const errors = await deleteOffsets(shard, { groupId, offsets })
    return {
      errorCode: errorCode('NONE'),
      topics: request.topics
        .map(({ name, partitions }, t) => ({
          name,
          partitions: partitions.map(({ partitionIndex }, p) => {
            const outcome = outcomes[t]![p]!
            return { partitionIndex, errorCode: errorCode(typeof outcome === 'number' ? errors[outcome]! : outcome) }
          }),
        }))
        .filter(({ partitions }) => partitions.length > 0),
    }
  },
  { refuse: ({ errorCode }) => ({ errorCode, topics: [] }) },
)
