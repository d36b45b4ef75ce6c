/**
 * DescribeQuorum (KIP-595): the metadata log's quorum. This node is its only voter and always its leader, and there is no listener
 * for controllers: the node is named with the address that the client has reached.
 */

import { describeQuorum, errorCode, type ResponseInput } from '@ottla/protocol'
import { clusterMetadataTopic } from '../metadata/topic-name.ts'
import { addressFor } from '../network/listener-address.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type PartitionAnswer = ResponseInput<typeof describeQuorum>['topics'][number]['partitions'][number]

export const describeQuorumHandler = handler(
  describeQuorum,
  ({ request, broker, connection }) => {
    const { topics } = request
    if (topics.length === 0) return { errorCode: 0, errorMessage: null, topics: [], nodes: [] }
    // Kafka looks at the first topic's partitions only when nothing else is asked for.
    const [only] = topics
    const isQuorum =
      topics.length === 1 &&
      only!.topicName === clusterMetadataTopic &&
      only!.partitions.every(({ partitionIndex }) => partitionIndex === 0)
    if (!isQuorum) {
      return {
        errorCode: 0,
        errorMessage: null,
        topics: topics.map(({ topicName, partitions }) => ({
          topicName,
          partitions: partitions.map(({ partitionIndex }) => unknown(partitionIndex)),
        })),
        nodes: [],
      }
    }
    const isAsked = only!.partitions.length > 0
    const { host, port } = addressFor(connection, broker.advertisedListeners)
    return {
      errorCode: 0,
      errorMessage: null,
      topics: [{ topicName: clusterMetadataTopic, partitions: only!.partitions.map(() => quorum(broker)) }],
      nodes: isAsked ? [{ nodeId: broker.nodeId, listeners: [{ name: connection.listenerName, host, port }] }] : [],
    }
  },
  { refuse: ({ errorCode, errorMessage }) => ({ errorCode, errorMessage, topics: [], nodes: [] }) },
)

function quorum({ nodeId, logs, clock }: BrokerServices): PartitionAnswer {
  const log = logs.get(clusterMetadataTopic, 0)
  if (log === undefined) throw new Error('a running broker without a metadata log')
  const now = clock.now()
  const voter = {
    replicaId: nodeId,
    logEndOffset: log.logEndOffset,
    lastFetchTimestamp: now,
    lastCaughtUpTimestamp: now,
  }
  return {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    leaderId: nodeId,
    leaderEpoch: log.leaderEpoch,
    highWatermark: log.highWatermark,
    currentVoters: [voter],
    observers: [],
  }
}

function unknown(partitionIndex: number): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
    errorMessage: 'This server does not host this topic-partition.',
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  }
}
