/** A transactional producer in a conversation: what it has been given, and the requests that it sends with that. */
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  describeTransactions,
  endTxn,
  errorCode,
  initProducerId,
  produce,
  type RequestInput,
  type txnOffsetCommit,
} from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { type BatchOptions, batch, produceRequest, type TopicReference } from './requests.ts'

export const timeoutMs = 60_000
const busy = ['CONCURRENT_TRANSACTIONS', 'NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS'] as const
const busyCodes: ReadonlySet<number> = new Set(busy.map(name => errorCode(name)))

export interface Claim {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export class Transactional implements Claim {
  readonly transactionalId: string
  producerId = -1
  producerEpoch = -1
  readonly #conversation: Conversation

  /** Its first request is part of the transcript, so that its producer id has a name there. */
  static async start(t: Conversation, suffix = 'tx', transactionTimeoutMs = timeoutMs): Promise<Transactional> {
    const producer = new Transactional(t, t.name(suffix))
    await producer.initialise(transactionTimeoutMs)
    return producer
  }

  private constructor(t: Conversation, transactionalId: string) {
    this.#conversation = t
    this.transactionalId = transactionalId
  }

  get claim(): Claim {
    const { transactionalId, producerId, producerEpoch } = this
    return { transactionalId, producerId, producerEpoch }
  }

  /** Until the transaction that was open before is aborted. */
  async initialise(transactionTimeoutMs = timeoutMs): Promise<void> {
    const { transactionalId } = this
    const request = { transactionalId, transactionTimeoutMs }
    const answer = await this.#conversation.askUntil(
      initProducerId,
      5,
      request,
      ({ errorCode }) => !busyCodes.has(errorCode),
    )
    this.#goOnWith(answer)
  }

  async add(topic: TopicReference, partition = 0): Promise<void> {
    await this.#conversation.ask(addPartitionsToTxn, 3, addRequest(this.claim, [{ topic, partitions: [partition] }]))
  }

  async addOffsets(groupId: string): Promise<void> {
    await this.#conversation.ask(addOffsetsToTxn, 3, { ...this.claim, groupId })
  }

  /** A batch of this producer. */
  batch(values: readonly string[], options: BatchOptions = {}): Buffer {
    const { producerId, producerEpoch } = this
    return batch(values, { transactional: true, producerId, producerEpoch, baseSequence: 0, ...options })
  }

  async send(topic: TopicReference, values: readonly string[], options: BatchOptions = {}, version = 9): Promise<void> {
    const { transactionalId } = this
    await this.#conversation.ask(
      produce,
      version,
      produceRequest(topic, this.batch(values, options), { transactionalId }),
    )
  }

  /** With the version's semantics; the end is written into all partitions when it resolves. */
  async end(committed: boolean, version = 3): Promise<void> {
    const answer = await this.#conversation.ask(endTxn, version, { ...this.claim, committed })
    if (answer.errorCode === 0 && version >= 5) this.#goOnWith(answer)
    await this.untilComplete()
  }

  /** Resolves when the coordinator has aborted what is open. */
  async untilTimedOut(): Promise<void> {
    await this.#conversation.prepareUntil(
      describeTransactions,
      0,
      { transactionalIds: [this.transactionalId] },
      ({ transactionStates: [found] }) => found?.transactionState === 'CompleteAbort',
    )
  }

  /** Resolves when no end is being written any more. */
  async untilComplete(): Promise<void> {
    await this.#conversation.prepareUntil(
      describeTransactions,
      0,
      { transactionalIds: [this.transactionalId] },
      ({ transactionStates: [found] }) => !found?.transactionState.startsWith('Prepare'),
    )
  }

  #goOnWith({ producerId, producerEpoch }: { producerId: bigint; producerEpoch: number }): void {
    this.producerId = Number(producerId)
    this.producerEpoch = producerEpoch
  }
}

export interface Named {
  readonly topic: Pick<TopicReference, 'name'>
  readonly partitions: readonly number[]
}

/** In the form for one transaction, and in the form for several. */
export function addRequest(
  { transactionalId, producerId, producerEpoch }: Claim,
  named: readonly Named[],
  { verifyOnly = false } = {},
): RequestInput<typeof addPartitionsToTxn> {
  const topics = named.map(({ topic, partitions }) => ({ name: topic.name, partitions: [...partitions] }))
  return {
    transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly, topics }],
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: topics,
  }
}

export function txnCommitRequest(
  claim: Claim,
  groupId: string,
  commits: readonly { topic: TopicReference; partition?: number; offset?: number; note?: string }[],
  options: Partial<RequestInput<typeof txnOffsetCommit>> = {},
): RequestInput<typeof txnOffsetCommit> {
  return {
    ...claim,
    groupId,
    memberId: '',
    ...options,
    topics: commits.map(({ topic, partition: partitionIndex = 0, offset: committedOffset = 1, note = '' }) => ({
      topicId: topic.id,
      name: topic.name,
      partitions: [{ partitionIndex, committedOffset, committedMetadata: note }],
    })),
  }
}

/** What a producer with a fault could say that it is. */
export function wrongClaims(t: Conversation, claim: Claim): Claim[] {
  const { producerEpoch } = claim
  return [
    { ...claim, producerId: 5_000_000 },
    { ...claim, producerId: -1 },
    { ...claim, producerEpoch: producerEpoch - 1 },
    { ...claim, producerEpoch: producerEpoch + 1 },
    { ...claim, producerEpoch: -1 },
    { ...claim, producerEpoch: 32_767 },
    { ...claim, transactionalId: t.name('nobody') },
    { ...claim, transactionalId: '' },
  ]
}
