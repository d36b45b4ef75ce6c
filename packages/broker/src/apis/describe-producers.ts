/** DescribeProducers: the producers that partitions know, and where their open transactions begin (KIP-664). */

import type { ProducerEntry } from '@ottla/log'
import { describeProducers, errorCode, KafkaError, zeroUuid } from '@ottla/protocol'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

export const describeProducersHandler = handler(
  describeProducers,
  ({ request, broker }) => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(partitionIndex => describe(broker, name, partitionIndex)),
    })),
  }),
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => ({
          ...{ partitionIndex, errorCode, errorMessage },
          activeProducers: [],
        })),
      })),
    }),
  },
)

function describe(broker: BrokerServices, name: string, partitionIndex: number) {
  try {
    const log = findLog(broker, findTopic(broker, { topicId: zeroUuid, name }, { isById: false }), partitionIndex)
    return { partitionIndex, errorCode: errorCode('NONE'), activeProducers: [...log.activeProducers()].map(asAnswer) }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { partitionIndex, errorCode: error.code, errorMessage: error.message, activeProducers: [] }
  }
}

function asAnswer(producer: ProducerEntry) {
  const { producerId, producerEpoch, batches, lastTimestamp, coordinatorEpoch } = producer
  const lastSequence = batches.at(-1)?.lastSequence ?? -1
  const currentTxnStartOffset = producer.currentTransactionFirstOffset
  return { producerId, producerEpoch, lastSequence, lastTimestamp, coordinatorEpoch, currentTxnStartOffset }
}
