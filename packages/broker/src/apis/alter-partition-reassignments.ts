/**
 * AlterPartitionReassignments (KIP-455): a partition can only be where it is, on this node. Asking for that is granted and changes
 * nothing; there is never a move to be cancelled.
 */

import { alterPartitionReassignments, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { checkAssignment } from './create-topics.ts'
import { handler } from './handler.ts'

type AskedTopic = Request<typeof alterPartitionReassignments>['topics'][number]
type AskedPartition = AskedTopic['partitions'][number]
type PartitionResult = ResponseInput<typeof alterPartitionReassignments>['responses'][number]['partitions'][number]

export const alterPartitionReassignmentsHandler = handler(
  alterPartitionReassignments,
  ({ request, broker }) => ({
    errorCode: 0,
    errorMessage: null,
    allowReplicationFactorChange: request.allowReplicationFactorChange,
    responses: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(partition => reassign(broker, name, partition)),
    })),
  }),
  { refuse: ({ errorCode, errorMessage }) => ({ errorCode, errorMessage, responses: [] }) },
)

function reassign(
  broker: BrokerServices,
  topic: string,
  { partitionIndex, replicas }: AskedPartition,
): PartitionResult {
  try {
    checkPartition(broker, topic, partitionIndex)
    if (replicas === null) {
      return { partitionIndex, errorCode: errorCode('NO_REASSIGNMENT_IN_PROGRESS'), errorMessage: null }
    }
    checkAssignment(replicas, broker.nodeId)
    return { partitionIndex, errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { partitionIndex, errorCode: errorCode(error.errorName), errorMessage: error.message }
  }
}

function checkPartition({ metadata }: BrokerServices, topic: string, partition: number): void {
  const found = metadata.topic(topic)
  if (found === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${topic}.`)
  }
  if (partition < 0 || partition >= found.partitionCount) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find partition ${topic}:${partition}.`)
  }
}
