/**
 * OffsetFetch: how far groups have read. Only durable commits are told, so that no crash takes back what a consumer relied on.
 * v2 null topics mean all, v7 asks for what no open transaction can change any more (KIP-447), v8 for several groups (KIP-709), v9 says which member asks (KIP-848), v10 names topics by id.
 */

import { type ErrorName, errorCode, KafkaError, offsetFetch, zeroUuid } from '@ottla/protocol'
import type { CommittedOffset, CommittedOffsets } from '../groups/committed-offsets.ts'
import { ConsumerGroup } from '../groups/consumer/consumer-group.ts'
import { assertMayFetch } from '../groups/consumer/offsets.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

interface AskedTopic {
  name: string
  /** Zero before v10. */
  topicId: string
  partitionIndexes: readonly number[]
}

export const offsetFetchHandler = handler(
  offsetFetch,
  ({ request, version, broker }) => {
    const asked = { broker, version, requireStable: request.requireStable }
    if (version >= 8) {
      const groups = request.groups.map(({ groupId, memberId, memberEpoch, topics }) => {
        try {
          const group = broker.groups.existingShard(groupId)?.find(groupId)?.group
          if (group instanceof ConsumerGroup) assertMayFetch(group, memberId, memberEpoch)
          return { groupId, topics: fetchOffsets({ ...asked, groupId, topics }), errorCode: errorCode('NONE') }
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error
          return { groupId, topics: [], errorCode: error.code }
        }
      })
      return { groups, topics: [], errorCode: errorCode('NONE') }
    }
    const { groupId } = request
    const topics = request.topics?.map(topic => ({ ...topic, topicId: zeroUuid })) ?? null
    return { groups: [], topics: fetchOffsets({ ...asked, groupId, topics }), errorCode: errorCode('NONE') }
  },
  {
    refuse: ({ request, version, errorName, errorCode }) => ({
      groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })),
      // v1 has no place for an error but the partitions.
      topics:
        version > 1
          ? []
          : (request.topics ?? []).map(({ name, partitionIndexes }) => ({
              name,
              partitions: partitionIndexes.map(partitionIndex => noOffset(partitionIndex, errorName)),
            })),
      errorCode,
    }),
  },
)

/** @throws KafkaError what holds for the whole group */
function fetchOffsets(options: {
  broker: BrokerServices
  version: number
  requireStable: boolean
  groupId: string
  topics: readonly AskedTopic[] | null
}) {
  const { broker, version, requireStable, groupId, topics } = options
  const offsets = broker.groups.existingShard(groupId)?.find(groupId)?.offsets
  if (topics === null) return allOffsets({ broker, version, requireStable, offsets })
  return topics.map(({ topicId, partitionIndexes, ...asked }) => {
    const topic = version < 10 ? broker.metadata.topic(asked.name) : broker.metadata.topicById(topicId)
    const name = topic?.name ?? asked.name
    const isUnknownId = version >= 10 && topic === undefined
    return {
      name,
      topicId,
      partitions: partitionIndexes.map(partitionIndex => {
        if (isUnknownId) return noOffset(partitionIndex, 'UNKNOWN_TOPIC_ID')
        if (requireStable && offsets?.isPending(name, partitionIndex))
          return noOffset(partitionIndex, 'UNSTABLE_OFFSET_COMMIT')
        const offset = offsets?.get(name, partitionIndex)
        return offset !== undefined && isOf(topic?.id, offset)
          ? found(partitionIndex, offset)
          : noOffset(partitionIndex)
      }),
    }
  })
}

function allOffsets({
  broker,
  version,
  requireStable,
  offsets,
}: {
  broker: BrokerServices
  version: number
  requireStable: boolean
  offsets: CommittedOffsets | undefined
}) {
  const answers = []
  for (const [name, partitions] of offsets?.topics ?? []) {
    const topicId = broker.metadata.topic(name)?.id
    // By id only topics that exist can be told.
    if (version >= 10 && topicId === undefined) continue
    const current = [...partitions].filter(([, offset]) => isOf(topicId, offset))
    if (current.length === 0) continue
    answers.push({
      name,
      topicId: topicId ?? zeroUuid,
      partitions: current.map(([partitionIndex, offset]) =>
        requireStable && offsets?.isPending(name, partitionIndex)
          ? noOffset(partitionIndex, 'UNSTABLE_OFFSET_COMMIT')
          : found(partitionIndex, offset),
      ),
    })
  }
  return answers
}

/** A topic that was deleted and created again is another one: what was committed for the first says nothing about it. */
function isOf(topicId: string | undefined, offset: CommittedOffset): boolean {
  return offset.topicId === null || offset.topicId === topicId
}

function found(partitionIndex: number, { offset, leaderEpoch, metadata }: CommittedOffset) {
  const none = errorCode('NONE')
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: none }
}

function noOffset(partitionIndex: number, error: ErrorName = 'NONE') {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: errorCode(error) }
}
