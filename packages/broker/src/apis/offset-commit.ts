/**
 * OffsetCommit: stores how far a group has read; answered when it is durable. v9 says GROUP_ID_NOT_FOUND for a group that does not
 * exist (KIP-848), v10 names topics by id.
 */

import { type ErrorName, errorCode, KafkaError, offsetCommit, type Request } from '@ottla/protocol'
import { commitOffsets, type OffsetToCommit } from '../groups/offset-operations.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type CommitRequest = Request<typeof offsetCommit>

/** The retention time that says: the broker's. */
const defaultRetention = -1n

export const offsetCommitHandler = handler(
  offsetCommit,
  async ({ request, version, broker }) => {
    const offsets: OffsetToCommit[] = []
    // For each partition of the request: what is wrong with it, or its place among the offsets to store.
    const outcomes = request.topics.map(({ name, topicId, partitions }) => {
      const topic = version < 10 ? broker.metadata.topic(name) : broker.metadata.topicById(topicId)
      return partitions.map((partition): ErrorName | number => {
        if (topic === undefined) return version < 10 ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID'
        const { partitionIndex } = partition
        if (partitionIndex < 0 || partitionIndex >= topic.partitionCount) return 'UNKNOWN_TOPIC_OR_PARTITION'
        return (
          offsets.push({
            topic: topic.name,
            topicId: topic.id,
            partition: partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.committedMetadata ?? '',
          }) - 1
        )
      })
    })
    const errors = await commit({ request, version, broker, offsets })
    return {
      topics: request.topics.map(({ name, topicId, partitions }, t) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }, p) => {
          const outcome = outcomes[t]![p]!
          return { partitionIndex, errorCode: errorCode(typeof outcome === 'number' ? errors[outcome]! : outcome) }
        }),
      })),
    }
  },
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  },
)

/** An error for each offset. What is wrong with the request as a whole is wrong with each. */
async function commit(options: {
  request: CommitRequest
  version: number
  broker: BrokerServices
  offsets: readonly OffsetToCommit[]
}): Promise<ErrorName[]> {
  const { request, version, broker, offsets } = options
  if (offsets.length === 0) return []
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId, retentionTimeMs } = request
  try {
    return await commitOffsets(await broker.groups.shard(groupId), {
      groupId,
      identity: { memberId, groupInstanceId, generationId },
      retentionMs: retentionTimeMs === defaultRetention ? null : Number(retentionTimeMs),
      knowsGroupIdNotFound: version >= 9,
      offsets,
    })
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return offsets.map(() => error.errorName)
  }
}
