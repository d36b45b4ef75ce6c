/**
 * AddPartitionsToTxn: partitions join a transaction before it writes to them: all that are named, or none. v2 knows PRODUCER_FENCED, v4
 * asks for several transactions at once, or only whether partitions are in them (KIP-890; brokers of a cluster do).
 */

import { addPartitionsToTxn, type ErrorName, errorCode, KafkaError, type Request } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import type { TopicPartition } from '../transactions/transaction.ts'
import { fencingErrorCode } from './fencing-error.ts'
import { handler } from './handler.ts'

type Transactions = Request<typeof addPartitionsToTxn>['transactions']
type Claim = Omit<Transactions[number], 'verifyOnly'>
type Topics = Claim['topics']

const firstProducerFencedVersion = 2
const firstSeveralVersion = 4

export const addPartitionsToTxnHandler = handler(
  addPartitionsToTxn,
  async ({ request, version, broker }) => {
    const none = errorCode('NONE')
    if (version < firstSeveralVersion) {
      const claim = claimOf(request)
      const errors = await act(broker, claim, { verifyOnly: false })
      const knowsProducerFenced = version >= firstProducerFencedVersion
      const resultsByTopicV3AndBelow = results(claim.topics, errors, knowsProducerFenced)
      return { errorCode: none, resultsByTransaction: [], resultsByTopicV3AndBelow }
    }
    const resultsByTransaction = await Promise.all(
      request.transactions.map(async transaction => {
        const { transactionalId, topics } = transaction
        return { transactionalId, topicResults: results(topics, await act(broker, transaction, transaction), true) }
      }),
    )
    return { errorCode: none, resultsByTransaction, resultsByTopicV3AndBelow: [] }
  },
  {
    refuse: ({ request, version, errorName, errorCode }) => ({
      errorCode,
      resultsByTransaction: [],
      resultsByTopicV3AndBelow:
        version < firstSeveralVersion ? results(request.v3AndBelowTopics, () => errorName, true) : [],
    }),
  },
)

function claimOf(request: Request<typeof addPartitionsToTxn>): Claim {
  return {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    topics: request.v3AndBelowTopics,
  }
}

type Errors = (partition: TopicPartition) => ErrorName

/** What is said of each partition. One that does not exist keeps all others out. */
async function act(broker: BrokerServices, claim: Claim, { verifyOnly }: { verifyOnly: boolean }): Promise<Errors> {
  const isThere = ({ topic, partition }: TopicPartition): boolean =>
    partition >= 0 && partition < (broker.metadata.topic(topic)?.partitionCount ?? 0)
  if (!partitionsOf(claim.topics).every(isThere)) {
    return partition => (isThere(partition) ? 'OPERATION_NOT_ATTEMPTED' : 'UNKNOWN_TOPIC_OR_PARTITION')
  }
  if (verifyOnly) return partition => verify(broker, claim, partition)
  const error = await add(broker, claim)
  return () => error
}

/** One answer for all partitions of the transaction. */
async function add({ transactions }: BrokerServices, claim: Claim): Promise<ErrorName> {
  const { transactionalId, producerId, producerEpoch, topics } = claim
  if (transactionalId === '') return 'INVALID_REQUEST'
  try {
    const producer = { producerId: Number(producerId), producerEpoch }
    await transactions.addPartitions({ transactionalId, producer, partitions: partitionsOf(topics), clientVersion: 0 })
    return 'NONE'
  } catch (error) {
    if (error instanceof KafkaError) return error.errorName
    throw error
  }
}

function verify({ transactions }: BrokerServices, claim: Claim, partition: TopicPartition): ErrorName {
  const { transactionalId, producerId, producerEpoch } = claim
  if (transactionalId === '') return 'INVALID_REQUEST'
  const producer = { producerId: Number(producerId), producerEpoch }
  return transactions.whyNotWritable({ transactionalId, producer, partition }) ?? 'NONE'
}

function partitionsOf(topics: Topics): TopicPartition[] {
  return topics.flatMap(({ name: topic, partitions }) => partitions.map(partition => ({ topic, partition })))
}

function results(topics: Topics, errors: Errors, knowsProducerFenced: boolean) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map(partitionIndex => ({
      partitionIndex,
      partitionErrorCode: fencingErrorCode(errors({ topic: name, partition: partitionIndex }), { knowsProducerFenced }),
    })),
  }))
}
