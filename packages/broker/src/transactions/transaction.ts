/**
 * What is known of one transactional id, as a value that never changes, and every change it may go through. Pure: what a request
 * may do is decided here, that it is stored before it counts is the shard's business.
 *
 *   Empty ──▶ Ongoing ──▶ PrepareCommit ──▶ CompleteCommit ──▶ Ongoing, Empty …
 *                   └───▶ PrepareAbort ───▶ CompleteAbort ───▶ Ongoing, Empty …
 *
 * Every end of a transaction gives its producer a new epoch where client and server both know KIP-890 ("bumps epochs", transaction.version
 * 2): what arrives late then belongs to an epoch of the past and can't slip into the next transaction. Epochs end at 32,767, which only a
 * coordinator uses, to fence; a producer that would get it gets a new producer id instead.
 */

import { KafkaError } from '@ottla/protocol'
import { assert } from '../groups/assert.ts'

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

export type TransactionEnd = 'commit' | 'abort'

/** Partitions by topic. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface Transaction extends Producer {
  readonly transactionalId: string
  /** The id before the last change, by which the repetition of a request is known; -1 without one. */
  readonly previousProducerId: number
  /** The id with which the producer goes on after this transaction, when its epochs are used up; else -1. */
  readonly nextProducerId: number
  /** The epoch before the last one that a client has been told of, -1 if it must not be used any more. Not stored. */
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionState
  /** Where the transaction has written, or may have. */
  readonly partitions: PartitionSet
  /** Wall clock; -1 while nothing has begun. */
  readonly startMs: number
  readonly lastUpdateMs: number
  /** The transaction.version that the client which made the last change knows. */
  readonly clientVersion: number
}

export const noPartitions: PartitionSet = new Map()
const none = -1
/** The last epoch of a producer. The one above is the coordinator's. */
const lastEpoch = 32_766
const fencingEpoch = 32_767

/** The first version of transactions in which each end gives the producer a new epoch. */
export const epochBumpVersion = 2

const previousStates: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'CompleteCommit', 'CompleteAbort'],
  Ongoing: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  PrepareCommit: ['Ongoing'],
  // A client that has begun nothing may abort where that gives it a new epoch.
  PrepareAbort: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  CompleteCommit: ['PrepareCommit'],
  CompleteAbort: ['PrepareAbort'],
}

/** Every change passes here. */
function change(current: Transaction, fields: Partial<Transaction> & { state: TransactionState }): Transaction {
  const { state } = fields
  assert(
    previousStates[state].includes(current.state),
    `transaction ${current.transactionalId} can't go from ${current.state} to ${state}`,
  )
  const next = { ...current, previousProducerId: current.producerId, ...fields }
  assert(
    next.producerEpoch >= 0 && next.producerEpoch <= fencingEpoch,
    `transaction ${current.transactionalId} got epoch ${next.producerEpoch}`,
  )
  return next
}

/** A transactional id that nobody used before: it counts once `initialise` has given it an epoch. */
export function newTransaction(transactionalId: string, producerId: number): Transaction {
  return {
    transactionalId,
    producerId,
    previousProducerId: none,
    nextProducerId: none,
    producerEpoch: none,
    lastProducerEpoch: none,
    timeoutMs: 0,
    state: 'Empty',
    partitions: noPartitions,
    startMs: none,
    lastUpdateMs: none,
    clientVersion: 0,
  }
}

/** Its end is decided, and being written into the partitions. */
export function isEnding({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

export function isEpochExhausted({ producerEpoch }: Pick<Transaction, 'producerEpoch'>): boolean {
  return producerEpoch >= lastEpoch
}

/** Whether `initialise` will want a producer id. */
export function needsProducerIdToInitialise(current: Transaction, expected: Producer | null): boolean {
  if (isEnding(current) || current.state === 'Ongoing' || !isEpochExhausted(current)) return false
  return expected === null || expected.producerEpoch === current.producerEpoch
}

/**
 * A producer begins to work under the id: with an epoch that fences all who did before. One that names what it has (`expected`,
 * KIP-360) goes on after an error, unless somebody came in between.
 * @param options.nextProducerId given where `needsProducerIdToInitialise`
 * @throws KafkaError PRODUCER_FENCED
 */
export function initialise(
  current: Transaction,
  options: { timeoutMs: number; expected: Producer | null; nextProducerId: number | null; nowMs: number },
): Transaction {
  const { timeoutMs, expected, nextProducerId, nowMs } = options
  assertMayInitialise(current, expected)
  const fields = { state: 'Empty', timeoutMs, partitions: noPartitions, startMs: none, lastUpdateMs: nowMs } as const
  if (needsProducerIdToInitialise(current, expected)) {
    assert(nextProducerId !== null, `transaction ${current.transactionalId} needs a producer id`)
    const lastProducerEpoch = expected === null ? none : current.producerEpoch
    return change(current, { ...fields, producerId: nextProducerId, producerEpoch: 0, lastProducerEpoch })
  }
  const isNew = current.producerEpoch === none
  if (expected === null || isNew || expected.producerEpoch === current.producerEpoch) {
    const lastProducerEpoch = expected === null ? none : current.producerEpoch
    return change(current, { ...fields, producerEpoch: current.producerEpoch + 1, lastProducerEpoch })
  }
  // The same request again: its answer was lost. A producer that came in between would have taken the last epoch away.
  if (expected.producerEpoch === current.lastProducerEpoch) return change(current, fields)
  throw fenced(current, expected)
}

/** @throws KafkaError PRODUCER_FENCED */
export function assertMayInitialise(current: Transaction, expected: Producer | null): void {
  if (expected === null || current.producerEpoch === none || expected.producerId === current.producerId) return
  if (expected.producerId === current.previousProducerId && isEpochExhausted(expected)) return
  throw fenced(current, expected)
}

/** @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED */
export function assertIsProducer(current: Transaction, producer: Producer): void {
  if (current.producerId !== producer.producerId) throw new KafkaError('INVALID_PRODUCER_ID_MAPPING')
  if (current.producerEpoch !== producer.producerEpoch) throw fenced(current, producer)
}

/** The partitions are in the transaction already. */
export function includes(current: Transaction, partitions: readonly TopicPartition[]): boolean {
  if (current.state !== 'Ongoing') return false
  return partitions.every(({ topic, partition }) => current.partitions.get(topic)?.has(partition))
}

/** The producer is about to write into the partitions; the first ones begin the transaction. */
export function addPartitions(
  current: Transaction,
  options: { partitions: readonly TopicPartition[]; clientVersion: number; nowMs: number },
): Transaction {
  const { clientVersion, nowMs } = options
  const begins = current.state !== 'Ongoing'
  const partitions = new Map<string, ReadonlySet<number>>(begins ? [] : current.partitions)
  for (const { topic, partition } of options.partitions) {
    partitions.set(topic, new Set(partitions.get(topic)).add(partition))
  }
  const startMs = begins ? nowMs : current.startMs
  return change(current, { state: 'Ongoing', partitions, startMs, lastUpdateMs: nowMs, clientVersion })
}

interface EndRequest {
  readonly producer: Producer
  readonly end: TransactionEnd
  /** 2 where the request knows that each end gives a new epoch. */
  readonly clientVersion: number
}

/**
 * Whether there is something to end, or the answer to the same request was lost and is to be given again. While `isBusy` (a change is
 * being stored, or an end written) only what would be refused in any case is told.
 * @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE
 */
export function judgeEnd(current: Transaction, request: EndRequest, isBusy: boolean): 'begin' | 'repeat' {
  const { producer, end, clientVersion } = request
  const { state } = current
  const isComplete = state === 'CompleteCommit' || state === 'CompleteAbort'
  const hasSameResult = state === (end === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
  if (clientVersion < epochBumpVersion) {
    assertIsProducer(current, producer)
    if (isBusy) throw new KafkaError('CONCURRENT_TRANSACTIONS')
    if (state === 'Ongoing') return 'begin'
    if (isComplete && hasSameResult) return 'repeat'
    throw new KafkaError('INVALID_TXN_STATE')
  }
  const hasNewId =
    current.previousProducerId === producer.producerId &&
    producer.producerEpoch === lastEpoch &&
    current.producerEpoch === 0
  const hasNewEpoch = current.producerEpoch === producer.producerEpoch + 1
  const isSame = current.producerEpoch === producer.producerEpoch
  if (current.producerId !== producer.producerId && !hasNewId) throw new KafkaError('INVALID_PRODUCER_ID_MAPPING')
  const isKnown = isEnding(current) ? hasNewEpoch : isComplete ? isSame || hasNewEpoch || hasNewId : isSame
  if (!isKnown) throw fenced(current, producer)
  if (isBusy) throw new KafkaError('CONCURRENT_TRANSACTIONS')
  if (state === 'Ongoing') return 'begin'
  if (isComplete && !isSame) {
    if (hasSameResult) return 'repeat'
    throw new KafkaError('INVALID_TXN_STATE')
  }
  // Nothing has begun: a commit can't be meant, an abort gives a new epoch.
  if (end === 'abort') return 'begin'
  throw new KafkaError('INVALID_TXN_STATE')
}

/** Whether `prepareEnd` will want a producer id. */
export function needsProducerIdToEnd(current: Transaction, clientVersion: number): boolean {
  return clientVersion >= epochBumpVersion && isEpochExhausted(current)
}

/**
 * The end is decided. From when this is stored, it will come to be.
 * @param options.nextProducerId given where `needsProducerIdToEnd`
 */
export function prepareEnd(
  current: Transaction,
  options: { end: TransactionEnd; clientVersion: number; nextProducerId: number | null; nowMs: number },
): Transaction {
  const { end, clientVersion, nowMs } = options
  const bumps = clientVersion >= epochBumpVersion
  const needsId = needsProducerIdToEnd(current, clientVersion)
  assert(!needsId || options.nextProducerId !== null, `transaction ${current.transactionalId} needs a producer id`)
  return change(current, {
    state: end === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
    producerEpoch: bumps ? Math.min(current.producerEpoch + 1, fencingEpoch) : current.producerEpoch,
    lastProducerEpoch: bumps ? current.producerEpoch : current.lastProducerEpoch,
    nextProducerId: (needsId ? options.nextProducerId : null) ?? none,
    // An end without a beginning happens now.
    startMs: current.state === 'Ongoing' ? current.startMs : nowMs,
    lastUpdateMs: nowMs,
    clientVersion,
  })
}

/** The coordinator aborts an open transaction, with an epoch that nobody is given: its producer can't do anything any more. */
export function fence(current: Transaction, options: { version: number; nowMs: number }): Transaction {
  const { version, nowMs } = options
  return change(current, {
    state: 'PrepareAbort',
    producerEpoch: Math.min(current.producerEpoch + 1, fencingEpoch),
    ...{ lastProducerEpoch: none, nextProducerId: none, lastUpdateMs: nowMs, clientVersion: version },
  })
}

/** The end is written into all partitions. */
export function complete(current: Transaction, nowMs: number): Transaction {
  return change(current, {
    state: current.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    ...producerOf(current),
    nextProducerId: none,
    partitions: noPartitions,
    lastUpdateMs: nowMs,
  })
}

/** Id and epoch with which the producer goes on; while its transaction is ending, those that it will have then. */
export function producerOf({ nextProducerId, producerId, producerEpoch }: Transaction): Producer {
  return nextProducerId === none ? { producerId, producerEpoch } : { producerId: nextProducerId, producerEpoch: 0 }
}

function fenced({ transactionalId, producerEpoch }: Transaction, producer: Producer): KafkaError {
  return new KafkaError(
    'PRODUCER_FENCED',
    `The epoch ${producer.producerEpoch} of transactional id ${transactionalId} is not the present one, ${producerEpoch}`,
  )
}
