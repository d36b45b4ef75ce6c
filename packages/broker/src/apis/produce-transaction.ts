/**
 * What a Produce request has to do with transactions. A partition takes transactional records only of an open transaction that it is part
 * of, by what the coordinator says in the very turn in which they are appended, so that its end can't come in between. That the log has
 * records of the transaction already says too little: its end may be decided, and its marker still to be written. Since v12 a partition
 * joins by being written to (KIP-890).
 */

import type { PartitionLog } from '@ottla/log'
import { type ErrorName, KafkaError, type produce, RecordBatch, type Request } from '@ottla/protocol'
import { assert } from '../groups/assert.ts'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { epochBumpVersion, type Producer, type TopicPartition } from '../transactions/transaction.ts'

type ProduceRequest = Request<typeof produce>

const firstAbortableVersion = 11
const firstJoiningVersion = 12
const firstTopicIdVersion = 13

export interface ProduceContext {
  readonly broker: BrokerServices
  readonly request: ProduceRequest
  readonly version: number
}

interface TransactionalPart extends TopicPartition {
  readonly producer: Producer
}

export class ProduceTransaction {
  readonly #context: ProduceContext
  /** Why partitions could not join; theirs alone. */
  #refusal: { readonly error: KafkaError; readonly partitions: readonly TopicPartition[] } | null = null

  constructor(context: ProduceContext) {
    this.#context = context
  }

  /** @throws KafkaError TRANSACTIONAL_ID_AUTHORIZATION_FAILED for transactional records without a transactional id */
  assertHasId(): void {
    const { transactionalId, topicData } = this.#context.request
    if (transactionalId !== null) return
    const isTransactional = topicData.some(({ partitionData }) =>
      partitionData.some(({ records }) => batchOf(records)?.isTransactional),
    )
    if (isTransactional) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }

  /** Partitions are to join the transaction before anything is appended: that takes a flush. */
  get needsToJoin(): boolean {
    return this.#joining().length > 0
  }

  /** @throws KafkaError INVALID_PRODUCER_ID_MAPPING for a request of more than one producer */
  async join(): Promise<void> {
    const { broker, request } = this.#context
    const { transactionalId } = request
    const partitions = this.#joining()
    const [first] = partitions
    if (transactionalId === null || first === undefined) return
    const { producer } = first
    for (const { producer: other } of partitions) {
      if (other.producerId === producer.producerId && other.producerEpoch === producer.producerEpoch) continue
      throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', 'Transactional records contained more than one producer ID')
    }
    try {
      if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
      await broker.transactions.addPartitions({
        transactionalId,
        producer,
        partitions,
        clientVersion: epochBumpVersion,
      })
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#refusal = { error: this.#inProduceWords(error.errorName), partitions }
    }
  }

  /**
   * To be asked right before the append.
   * @throws KafkaError why transactional records of this producer have no place in the partition
   */
  check(log: PartitionLog, batch: RecordBatch): void {
    if (!batch.isTransactional) return
    const { topic, partition } = log
    const isRefused = this.#refusal?.partitions.some(other => other.topic === topic && other.partition === partition)
    if (isRefused) throw this.#refusal!.error
    const { transactionalId } = this.#context.request
    assert(transactionalId !== null, 'a transactional batch has passed without a transactional id')
    const { producerId, producerEpoch } = batch
    const hindrance = this.#context.broker.transactions.whyNotWritable({
      transactionalId,
      producer: { producerId, producerEpoch },
      partition: { topic, partition },
    })
    if (hindrance !== null) throw this.#inProduceWords(hindrance)
  }

  #joining(): TransactionalPart[] {
    const { broker, request, version } = this.#context
    const { transactionalId } = request
    if (transactionalId === null || version < firstJoiningVersion) return []
    const joining: TransactionalPart[] = []
    for (const { partitionData, ...reference } of request.topicData) {
      for (const { index, records } of partitionData) {
        const batch = batchOf(records)
        if (batch?.magic !== 2 || !batch.isTransactional) continue
        const log = logOf(broker, { ...reference, partition: index, isById: version >= firstTopicIdVersion })
        if (log === undefined) continue
        const { producerId, producerEpoch } = batch
        const producer = { producerId, producerEpoch }
        const partition = { topic: log.topic, partition: index }
        if (broker.transactions.whyNotWritable({ transactionalId, producer, partition }) === null) continue
        joining.push({ ...partition, producer })
      }
    }
    return joining
  }

  /** Errors of the coordinator in those that producers know how to handle. */
  #inProduceWords(name: ErrorName): KafkaError {
    const { version } = this.#context
    switch (name) {
      case 'PRODUCER_FENCED':
        return new KafkaError('INVALID_PRODUCER_EPOCH')
      case 'TRANSACTION_ABORTABLE':
        if (version >= firstAbortableVersion) return new KafkaError(name)
        return new KafkaError('INVALID_TXN_STATE', 'Partition was not added to the transaction')
      case 'CONCURRENT_TRANSACTIONS':
        if (version >= firstJoiningVersion) return new KafkaError(name)
        return unverified(name)
      case 'COORDINATOR_LOAD_IN_PROGRESS':
      case 'COORDINATOR_NOT_AVAILABLE':
      case 'NOT_COORDINATOR':
        return unverified(name)
      default:
        return new KafkaError(name)
    }
  }
}

/** What is too short for one is left to the log, which says what is wrong with it. */
function batchOf(records: Buffer | null): RecordBatch | undefined {
  return records === null || records.length < RecordBatch.overheadBytes ? undefined : new RecordBatch(records)
}

/** The one error that makes every producer try again without looking for the partition elsewhere. */
function unverified(name: ErrorName): KafkaError {
  return new KafkaError(
    'NOT_ENOUGH_REPLICAS',
    `Unable to verify the partition has been added to the transaction. Underlying error: ${name}`,
  )
}

/** What can't be written to by a client has nothing to join. */
function logOf(
  broker: BrokerServices,
  { isById, partition, ...reference }: { topicId: string; name: string; partition: number; isById: boolean },
): PartitionLog | undefined {
  try {
    const topic = findTopic(broker, reference, { isById })
    return topic.isInternal ? undefined : findLog(broker, topic, partition)
  } catch (error) {
    if (error instanceof KafkaError) return undefined
    throw error
  }
}
