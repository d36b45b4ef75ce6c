/**
 * ElectLeaders (KIP-183, KIP-460): on a single node every partition is led by its only replica, so an election is never needed,
 * and of a partition whose log is offline there is nobody to elect.
 */

import { type ErrorName, electLeaders, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type PartitionResult = ResponseInput<typeof electLeaders>['replicaElectionResults'][number]['partitionResult'][number]
type AskedTopic = NonNullable<Request<typeof electLeaders>['topicPartitions']>[number]

const electionTypes = { preferred: 0, unclean: 1 } as const

export const electLeadersHandler = handler(
  electLeaders,
  ({ request, broker }) => {
    const { electionType, topicPartitions } = request
    if (electionType !== electionTypes.preferred && electionType !== electionTypes.unclean) {
      throw new KafkaError('INVALID_REQUEST', `Unknown election type ${electionType}`)
    }
    const nobody =
      electionType === electionTypes.preferred ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE'
    const replicaElectionResults =
      topicPartitions === null
        ? // Of all partitions Kafka answers those that an election was tried for.
          [...broker.metadata.topics()].map(topic => ({
            topic: topic.name,
            partitionResult: [...Array(topic.partitionCount).keys()]
              .filter(partition => !isOnline(broker, topic.name, partition))
              .map(partition => failure(partition, nobody, noReplicaText)),
          }))
        : topicPartitions.map(({ topic, partitions }) => ({
            topic,
            partitionResult: partitions.map(partition => elect(broker, { topic, partition }, nobody)),
          }))
    return { errorCode: 0, replicaElectionResults }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      errorCode,
      replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }: AskedTopic) => ({
        topic,
        partitionResult: partitions.map(partitionId => ({ partitionId, errorCode, errorMessage })),
      })),
    }),
  },
)

const noReplicaText = 'The only replica of this partition is offline.'

function elect(
  broker: BrokerServices,
  { topic, partition }: { topic: string; partition: number },
  nobody: ErrorName,
): PartitionResult {
  const found = broker.metadata.topic(topic)
  if (found === undefined) return failure(partition, 'UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`)
  if (partition < 0 || partition >= found.partitionCount) {
    return failure(partition, 'UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${partition}`)
  }
  if (!isOnline(broker, topic, partition)) return failure(partition, nobody, noReplicaText)
  return failure(partition, 'ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.')
}

function isOnline({ logs }: BrokerServices, topic: string, partition: number): boolean {
  return logs.get(topic, partition)?.isOffline === false
}

function failure(partitionId: number, errorName: ErrorName, errorMessage: string): PartitionResult {
  return { partitionId, errorCode: errorCode(errorName), errorMessage }
}
