/** DeleteRecords: moves a partition's log start offset (KIP-107); -1 means the high watermark. Durable when it is answered. */

import { deleteRecords, errorCode, KafkaError, zeroUuid } from '@ottla/protocol'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

const toHighWatermark = -1

export const deleteRecordsHandler = handler(
  deleteRecords,
  async ({ request, broker }) => ({
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(async ({ partitionIndex, offset }) => ({
            partitionIndex,
            ...(await deleteBefore(broker, { name, partitionIndex, offset: Number(offset) })),
          })),
        ),
      })),
    ),
  }),
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
      })),
    }),
  },
)

interface Deletion {
  readonly name: string
  readonly partitionIndex: number
  readonly offset: number
}

async function deleteBefore(broker: BrokerServices, { name, partitionIndex, offset }: Deletion) {
  try {
    const topic = findTopic(broker, { topicId: zeroUuid, name })
    const log = findLog(broker, topic, partitionIndex)
    if (topic.isInternal)
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `Cannot delete records of internal topic ${name}`)
    // Of a topic that is only compacted every key's newest record is kept: cutting its beginning would break that.
    if (!topic.config.cleanupDelete)
      throw new KafkaError('POLICY_VIOLATION', `The cleanup policy of ${name} is not delete`)
    const lowWatermark = await log.deleteRecordsBefore(offset === toHighWatermark ? log.highWatermark : offset)
    return { lowWatermark, errorCode: 0 }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { lowWatermark: -1, errorCode: errorCode(error.errorName) }
  }
}
