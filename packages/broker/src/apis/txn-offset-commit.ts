/**
 * TxnOffsetCommit: stores how far a group has read, as part of a transaction: it counts when that is committed. v3 says who in the group
 * commits (KIP-447), so that one who was pushed out can't. v4 knows TRANSACTION_ABORTABLE, v5 joins the transaction by itself (KIP-890),
 * v6 names topics by id, and knows GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH.
 */

import { type ErrorName, errorCode, KafkaError, type Request, txnOffsetCommit } from '@ottla/protocol'
import { offsetsTopicName } from '../groups/coordinator.ts'
import { commitOffsetsInTransaction, type OffsetToCommit } from '../groups/offset-operations.ts'
import type { BrokerServices } from '../services.ts'
import { epochBumpVersion } from '../transactions/transaction.ts'
import { handler } from './handler.ts'

type CommitRequest = Request<typeof txnOffsetCommit>

const firstAbortableVersion = 4
const firstJoiningVersion = 5
const firstTopicIdVersion = 6

export const txnOffsetCommitHandler = handler(
  txnOffsetCommit,
  async ({ request, version, broker }) => {
    const isById = version >= firstTopicIdVersion
    const offsets: OffsetToCommit[] = []
    // For each partition of the request: what is wrong with it, or its place among the offsets to store.
    const outcomes = request.topics.map(({ name, topicId, partitions }) => {
      const topic = isById ? broker.metadata.topicById(topicId) : broker.metadata.topic(name)
      return partitions.map((partition): ErrorName | number => {
        if (topic === undefined) return isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
        const { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition
        if (partitionIndex < 0 || partitionIndex >= topic.partitionCount) return 'UNKNOWN_TOPIC_OR_PARTITION'
        const metadata = partition.committedMetadata ?? ''
        const place = { topic: topic.name, topicId: topic.id, partition: partitionIndex }
        return offsets.push({ ...place, offset, leaderEpoch, metadata }) - 1
      })
    })
    const errors = offsets.length === 0 ? [] : await commit({ request, version, broker, offsets })
    return {
      topics: request.topics.map(({ name, topicId, partitions }, t) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }, p) => {
          const outcome = outcomes[t]![p]!
          return { partitionIndex, errorCode: errorCode(typeof outcome === 'number' ? errors[outcome]! : outcome) }
        }),
      })),
    }
  },
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  },
)

/** An error for each offset. What is wrong with the request as a whole is wrong with each. */
async function commit(options: {
  request: CommitRequest
  version: number
  broker: BrokerServices
  offsets: readonly OffsetToCommit[]
}): Promise<ErrorName[]> {
  const { request, version, broker, offsets } = options
  const { transactionalId, groupId, producerEpoch, memberId, groupInstanceId } = request
  const claim = { transactionalId, producer: { producerId: Number(request.producerId), producerEpoch } }
  try {
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
    const shard = await broker.groups.shard(groupId)
    shard.assertActive()
    const partition = { topic: offsetsTopicName, partition: shard.partition }
    if (version >= firstJoiningVersion) {
      await broker.transactions.addPartitions({ ...claim, partitions: [partition], clientVersion: epochBumpVersion })
    }
    // In the same turn as the append that follows: the end of the transaction can't come in between.
    const hindrance = broker.transactions.whyNotWritable({ ...claim, partition })
    if (hindrance !== null) throw new KafkaError(inVersion(hindrance, version))
    return await commitOffsetsInTransaction(shard, {
      groupId,
      producer: claim.producer,
      knowsGroupErrors: version >= firstTopicIdVersion,
      identity: { memberId, groupInstanceId, generationId: request.generationIdOrMemberEpoch },
      offsets,
    })
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return offsets.map(() => inVersion(error.errorName, version))
  }
}

function inVersion(name: ErrorName, version: number): ErrorName {
  if (name === 'PRODUCER_FENCED') return 'INVALID_PRODUCER_EPOCH'
  return name === 'TRANSACTION_ABORTABLE' && version < firstAbortableVersion ? 'INVALID_TXN_STATE' : name
}
