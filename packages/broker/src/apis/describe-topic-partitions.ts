/**
 * DescribeTopicPartitions (KIP-966): topics in the order of their names, page by page. No topic is created by asking. The
 * cursor of an answer names the first partition that did not fit.
 */

import { describeTopicPartitions, errorCode, KafkaError, type ResponseInput, zeroUuid } from '@ottla/protocol'
import type { Topic } from '../metadata/metadata.ts'
import { isInternalTopic, topicNameProblem } from '../metadata/topic-name.ts'
import type { BrokerServices } from '../services.ts'
import { operationsNotAsked, topicOperations } from './authorized-operations.ts'
import { handler } from './handler.ts'

type Answer = ResponseInput<typeof describeTopicPartitions>
type TopicAnswer = Answer['topics'][number]

export const describeTopicPartitionsHandler = handler(
  describeTopicPartitions,
  ({ request, broker }) => {
    const { cursor } = request
    if (cursor !== null && cursor.partitionIndex < 0) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `DescribeTopicPartitionsRequest cursor partition must be valid: ${cursor.partitionIndex}`,
      )
    }
    if (cursor !== null && request.topics.length > 0 && request.topics.every(({ name }) => name !== cursor.topicName)) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${cursor.topicName}`,
      )
    }
    const limit = broker.settings.get('max.request.partition.size.limit')
    let room = Math.max(Math.min(request.responsePartitionLimit, limit), 1)
    const topics: TopicAnswer[] = []
    let nextCursor: Answer['nextCursor'] = null
    for (const name of names(broker, request)) {
      const firstPartition = cursor?.topicName === name ? cursor.partitionIndex : 0
      const topic = broker.metadata.topic(name)
      if (topic === undefined) {
        topics.push(unknown(name))
        continue
      }
      if (room === 0) {
        nextCursor = { topicName: name, partitionIndex: firstPartition }
        break
      }
      const endPartition = Math.min(topic.partitionCount, firstPartition + room)
      topics.push(describe(broker, topic, { firstPartition, endPartition }))
      room -= Math.max(endPartition - firstPartition, 0)
      if (endPartition < topic.partitionCount) {
        nextCursor = { topicName: name, partitionIndex: endPartition }
        break
      }
    }
    return { topics, nextCursor }
  },
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ name }) => ({
        ...unknown(name),
        errorCode,
        topicAuthorizedOperations: operationsNotAsked,
      })),
    }),
  },
)

/** Sorted, once each, from the cursor on. Asking for none asks for all. */
function names(
  { metadata }: BrokerServices,
  { topics, cursor }: { topics: { name: string }[]; cursor: { topicName: string } | null },
): string[] {
  const asked = topics.length > 0 ? topics : [...metadata.topics()]
  const sorted = [...new Set(asked.map(({ name }) => name))].sort()
  return cursor === null ? sorted : sorted.filter(name => name >= cursor.topicName)
}

function unknown(name: string): TopicAnswer {
  return {
    errorCode: errorCode(topicNameProblem(name) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'),
    name,
    topicId: zeroUuid,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  }
}

interface PartitionRange {
  readonly firstPartition: number
  readonly endPartition: number
}

function describe(
  { nodeId, logs }: BrokerServices,
  topic: Topic,
  { firstPartition, endPartition }: PartitionRange,
): TopicAnswer {
  const replicas = [nodeId]
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: Array.from({ length: Math.max(endPartition - firstPartition, 0) }, (_, index) => {
      const partitionIndex = firstPartition + index
      const log = logs.get(topic.name, partitionIndex)
      const isOnline = log !== undefined && !log.isOffline
      return {
        errorCode: isOnline ? 0 : errorCode('LEADER_NOT_AVAILABLE'),
        partitionIndex,
        leaderId: isOnline ? nodeId : -1,
        leaderEpoch: log?.leaderEpoch ?? -1,
        replicaNodes: replicas,
        isrNodes: replicas,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
        offlineReplicas: isOnline ? [] : replicas,
      }
    }),
    topicAuthorizedOperations: topicOperations,
  }
}
