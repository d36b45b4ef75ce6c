/**
 * WriteTxnMarkers: ends transactions in partitions, whatever their coordinator knows. In a cluster coordinators send it to brokers; on one
 * node they need not, and it is the tool of an administrator who aborts a transaction that nobody ends (KIP-664). v2 says which version of
 * transactions the marker belongs to: since KIP-890 its epoch is higher than that of what it ends.
 */

import { type ErrorName, errorCode, KafkaError, type Request, writeTxnMarkers, zeroUuid } from '@ottla/protocol'
import type { TransactionMarker } from '../coordinators/state-log.ts'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { epochBumpVersion, type TopicPartition } from '../transactions/transaction.ts'
import { handler } from './handler.ts'

type Marker = Request<typeof writeTxnMarkers>['markers'][number]

export const writeTxnMarkersHandler = handler(
  writeTxnMarkers,
  async ({ request, broker }) => ({
    markers: await Promise.all(
      request.markers.map(async marker => ({
        producerId: marker.producerId,
        topics: await Promise.all(
          marker.topics.map(async ({ name, partitionIndexes }) => ({
            name,
            partitions: await Promise.all(
              partitionIndexes.map(async partitionIndex => ({
                partitionIndex,
                errorCode: errorCode(await write(broker, marker, { topic: name, partition: partitionIndex })),
              })),
            ),
          })),
        ),
      })),
    ),
  }),
  {
    refuse: ({ request, errorCode }) => ({
      markers: request.markers.map(({ producerId, topics }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map(partitionIndex => ({ partitionIndex, errorCode })),
        })),
      })),
    }),
  },
)

/** Resolves when the marker is durable. */
async function write(broker: BrokerServices, asked: Marker, place: TopicPartition): Promise<ErrorName> {
  const { producerEpoch, coordinatorEpoch, transactionVersion } = asked
  const producerId = Number(asked.producerId)
  const marker: TransactionMarker = {
    ...{ producerId, producerEpoch, coordinatorEpoch },
    result: asked.transactionResult ? 'commit' : 'abort',
  }
  try {
    const topic = findTopic(broker, { topicId: zeroUuid, name: place.topic }, { isById: false })
    const known = findLog(broker, topic, place.partition).producer(producerId)
    if (transactionVersion >= epochBumpVersion && known !== undefined && producerEpoch <= known.producerEpoch) {
      return 'INVALID_PRODUCER_EPOCH'
    }
    await broker.transactions.writeMarker(place, marker)
    return 'NONE'
  } catch (error) {
    if (error instanceof KafkaError) return error.errorName
    throw error
  }
}
