/** DeleteTopics: by name, from v6 also by topic id (KIP-516). Each topic for itself. A deleted topic's records never come back. */

import { deleteTopics, errorCode, KafkaError, type Request, type ResponseInput, zeroUuid } from '@ottla/protocol'
import { findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type DeleteResult = ResponseInput<typeof deleteTopics>['responses'][number]

interface TopicToDelete {
  readonly name: string | null
  readonly topicId: string
}

/** The error for "switched off" came with v3. */
const firstDisabledErrorVersion = 3

export const deleteTopicsHandler = handler(
  deleteTopics,
  async ({ request, version, broker }) => {
    if (!broker.settings.get('delete.topic.enable')) {
      throw new KafkaError(
        version < firstDisabledErrorVersion ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED',
        'delete.topic.enable is false',
      )
    }
    const asked = topicsToDelete(request)
    const counts = countNames(asked)
    const responses: DeleteResult[] = []
    for (const topic of unique(asked)) responses.push(await remove(broker, topic, counts))
    return { responses: unique(responses) }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      responses: topicsToDelete(request).map(({ name, topicId }) => ({ name, topicId, errorCode, errorMessage })),
    }),
  },
)

function topicsToDelete({ topics, topicNames }: Request<typeof deleteTopics>): TopicToDelete[] {
  return [...topics, ...topicNames.map(name => ({ name, topicId: zeroUuid }))]
}

type Named = Pick<DeleteResult, 'name' | 'topicId'>

const keyOf = ({ name, topicId }: Named): string => `${topicId}/${name === null ? '' : `"${name}`}`

/** Each once, the first of those that are the same. */
function unique<T extends Named>(topics: readonly T[]): T[] {
  const byKey = new Map<string, T>()
  for (const topic of topics) if (!byKey.has(keyOf(topic))) byKey.set(keyOf(topic), topic)
  return [...byKey.values()]
}

/** How often each name, and each id, is in the request. */
function countNames(topics: readonly TopicToDelete[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const topic of topics) counts.set(keyOf(topic), (counts.get(keyOf(topic)) ?? 0) + 1)
  return counts
}

async function remove(
  broker: BrokerServices,
  asked: TopicToDelete,
  counts: ReadonlyMap<string, number>,
): Promise<DeleteResult> {
  const { name, topicId } = asked
  try {
    if (name !== null && topicId !== zeroUuid)
      throw new KafkaError('INVALID_REQUEST', 'You may not specify both topic name and topic id.')
    if (name === null && topicId === zeroUuid)
      throw new KafkaError('INVALID_REQUEST', 'Neither topic name nor id were specified.')
    if (counts.get(keyOf(asked)) !== 1) {
      throw new KafkaError('INVALID_REQUEST', name === null ? 'Duplicate topic id.' : 'Duplicate topic name.')
    }
    const topic = findTopic(broker, { name: name ?? '', topicId })
    const byName = counts.get(keyOf({ name: topic.name, topicId: zeroUuid }))
    const byId = counts.get(keyOf({ name: null, topicId: topic.id }))
    if (byName !== undefined && byId !== undefined) {
      const errorMessage = 'The provided topic name maps to an ID that was already supplied.'
      return { name: topic.name, topicId: topic.id, errorCode: errorCode('INVALID_REQUEST'), errorMessage }
    }
    await broker.metadata.deleteTopic(topic.id)
    return { name: topic.name, topicId: topic.id, errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { name, topicId, errorCode: errorCode(error.errorName), errorMessage: error.message }
  }
}
