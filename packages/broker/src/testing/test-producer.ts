/** A transactional producer that does what a test tells it to, one request at a time. Answers are names of errors. */

import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  errorName,
  initProducerId,
  produce,
  type RequestInput,
  txnOffsetCommit,
} from '@ottla/protocol'
import { batchOf, type TestBroker } from './test-broker.ts'

/** What a producer of the first versions of the transactional APIs says, and one that knows KIP-890. */
const versionsOfTransactions = {
  1: { produce: 9, endTxn: 3, txnOffsetCommit: 3 },
  2: { produce: 12, endTxn: 5, txnOffsetCommit: 5 },
} as const

export class TestProducer {
  readonly transactionalId: string
  readonly version: 1 | 2
  producerId = -1
  producerEpoch = -1
  readonly #broker: TestBroker
  #sequences = new Map<string, number>()

  /** Begins to work under its id. */
  static async start(
    broker: TestBroker,
    transactionalId: string,
    { version = 2 as 1 | 2 } = {},
  ): Promise<TestProducer> {
    const producer = new TestProducer(broker, transactionalId, version)
    const error = await producer.initialise()
    if (error !== 'NONE') throw new Error(error)
    return producer
  }

  private constructor(broker: TestBroker, transactionalId: string, version: 1 | 2) {
    this.#broker = broker
    this.transactionalId = transactionalId
    this.version = version
  }

  async initialise(options: Partial<RequestInput<typeof initProducerId>> = {}): Promise<string> {
    const { transactionalId } = this
    const request = { transactionalId, transactionTimeoutMs: 60_000, ...options }
    const answer = await this.#broker.request(initProducerId, 5, request)
    if (answer.errorCode === 0) this.#goOnWith(answer)
    return errorName(answer.errorCode)
  }

  async add(topic: string, partition = 0): Promise<string> {
    const { resultsByTopicV3AndBelow: results } = await this.#broker.request(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    })
    return errorName(results[0]!.resultsByPartition[0]!.partitionErrorCode)
  }

  /** One batch of one record, numbered as it must be. */
  async send(
    topic: string,
    value: string,
    options: { partition?: number; version?: number; transactionalId?: string | null } = {},
  ): Promise<string> {
    const { partition = 0, version = versionsOfTransactions[this.version].produce } = options
    const { transactionalId = this.transactionalId } = options
    const { producerId, producerEpoch } = this
    const baseSequence = this.#sequences.get(`${topic}-${partition}`) ?? 0
    const records = batchOf([value], { transactional: true, producerId, producerEpoch, baseSequence })
    const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }]
    const { responses } = await this.#broker.request(produce, version, {
      ...{ transactionalId, acks: -1, timeoutMs: 60_000, topicData },
    })
    const { errorCode } = responses[0]!.partitionResponses[0]!
    if (errorCode === 0) this.#sequences.set(`${topic}-${partition}`, baseSequence + 1)
    return errorName(errorCode)
  }

  async addOffsets(groupId: string): Promise<string> {
    const { transactionalId, producerId, producerEpoch } = this
    const request = { transactionalId, producerId, producerEpoch, groupId }
    return errorName((await this.#broker.request(addOffsetsToTxn, 4, request)).errorCode)
  }

  async commitOffset(
    groupId: string,
    place: { topic: string; partition?: number; offset: number },
    options: Partial<RequestInput<typeof txnOffsetCommit>> & { version?: number } = {},
  ): Promise<string> {
    const { version = versionsOfTransactions[this.version].txnOffsetCommit, ...rest } = options
    const { transactionalId, producerId, producerEpoch } = this
    const { topic: name, partition: partitionIndex = 0, offset: committedOffset } = place
    const topics = [{ name, partitions: [{ partitionIndex, committedOffset, committedMetadata: '' }] }]
    const request = { transactionalId, producerId, producerEpoch, groupId, memberId: '', topics, ...rest }
    const { topics: answers } = await this.#broker.request(txnOffsetCommit, version, request)
    return errorName(answers[0]!.partitions[0]!.errorCode)
  }

  commit(): Promise<string> {
    return this.end(true)
  }

  abort(): Promise<string> {
    return this.end(false)
  }

  async end(committed: boolean, version: number = versionsOfTransactions[this.version].endTxn): Promise<string> {
    const { transactionalId, producerId, producerEpoch } = this
    const request = { transactionalId, producerId, producerEpoch, committed }
    const answer = await this.#broker.request(endTxn, version, request)
    if (answer.errorCode === 0 && version >= 5) this.#goOnWith(answer)
    return errorName(answer.errorCode)
  }

  #goOnWith({ producerId, producerEpoch }: { producerId: bigint; producerEpoch: number }): void {
    this.producerId = Number(producerId)
    this.producerEpoch = producerEpoch
    this.#sequences = new Map()
  }
}
