/** From what a request names to a partition's log, with the errors that Kafka has for what is not there. */

import type { PartitionLog } from '@ottla/log'
import { KafkaError, zeroUuid } from '@ottla/protocol'
import type { Topic } from './metadata/metadata.ts'
import type { BrokerServices } from './services.ts'

/** A topic by id where the version carries ids, by name before. */
export interface TopicReference {
  readonly topicId: string
  readonly name: string
}

/** Throws KafkaError UNKNOWN_TOPIC_ID or UNKNOWN_TOPIC_OR_PARTITION. `isById`: the version knows no other way to name a topic. */
export function findTopic(
  { metadata }: BrokerServices,
  { topicId, name }: TopicReference,
  { isById = topicId !== zeroUuid }: { isById?: boolean } = {},
): Topic {
  const topic = isById ? metadata.topicById(topicId) : metadata.topic(name)
  if (topic !== undefined) return topic
  if (isById) throw new KafkaError('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
  throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
}

/** Throws KafkaError UNKNOWN_TOPIC_OR_PARTITION. */
export function findLog({ logs }: BrokerServices, topic: Topic, partition: number): PartitionLog {
  const log = logs.get(topic.name, partition)
  if (log === undefined || log.topicId !== topic.id) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  }
  return log
}

/**
 * Refuses a client whose idea of the leader epoch is not ours: older, FENCED_LEADER_EPOCH; newer, UNKNOWN_LEADER_EPOCH
 * (KIP-320). -1: the client does not say.
 */
export function checkLeaderEpoch(log: PartitionLog, epoch: number): void {
  if (epoch === -1 || epoch === log.leaderEpoch) return
  if (epoch < log.leaderEpoch) {
    throw new KafkaError(
      'FENCED_LEADER_EPOCH',
      'The leader epoch in the request is older than the epoch on the broker.',
    )
  }
  throw new KafkaError('UNKNOWN_LEADER_EPOCH', 'The leader epoch in the request is newer than the epoch on the broker.')
}
