/** CreatePartitions: raises the number of a topic's partitions (KIP-195). Existing records stay where they are. */

import { createPartitions, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { checkAssignment } from './create-topics.ts'
import { handler } from './handler.ts'

type AskedTopic = Request<typeof createPartitions>['topics'][number]
type TopicResult = ResponseInput<typeof createPartitions>['results'][number]

export const createPartitionsHandler = handler(
  createPartitions,
  async ({ request, broker }) => {
    const results: TopicResult[] = []
    const counts = new Map<string, number>()
    for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const asked of request.topics) {
      const count = counts.get(asked.name)
      if (count === undefined) continue // answered already
      counts.delete(asked.name)
      results.push(await extend(broker, asked, { isDuplicate: count > 1, validateOnly: request.validateOnly }))
    }
    return { results }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }),
  },
)

async function extend(
  { metadata, nodeId }: BrokerServices,
  { name, count, assignments }: AskedTopic,
  { isDuplicate, validateOnly }: { isDuplicate: boolean; validateOnly: boolean },
): Promise<TopicResult> {
  try {
    if (isDuplicate) throw new KafkaError('INVALID_REQUEST', 'Duplicate topic name.')
    const topic = metadata.topic(name)
    if (topic === undefined)
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
    // Which partition keeps a group or a transaction follows from their number.
    if (topic.isInternal)
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `The number of partitions of ${name} is fixed`)
    metadata.checkPartitionCount(topic, count)
    if (assignments !== null) {
      const additional = count - topic.partitionCount
      if (assignments.length !== additional) {
        throw new KafkaError(
          'INVALID_REPLICA_ASSIGNMENT',
          `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
        )
      }
      for (const { brokerIds } of assignments) checkAssignment(brokerIds, nodeId)
    }
    if (!validateOnly) await metadata.createPartitions(topic.id, count)
    return { name, errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { name, errorCode: errorCode(error.errorName), errorMessage: error.message }
  }
}
