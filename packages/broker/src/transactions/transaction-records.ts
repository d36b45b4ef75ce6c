/** What the coordinator remembers of a transactional id, as Kafka's record of `__transaction_state`: Kafka's tools read it. */

import { MalformedMessageError, transactionStateRecords } from '@ottla/protocol'
import type { PartitionSet, Transaction, TransactionState } from './transaction.ts'

/** One change: a value replaces what was there before, null removes it. */
export interface TransactionRecord {
  readonly transactionalId: string
  readonly value: Transaction | null
}

/** Their places are their numbers in Kafka's records. Two more that Kafka has (Dead, PrepareEpochFence) are never stored. */
const states: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
]

/** Since transaction.version 1: it has room for what KIP-890 needs. */
const flexibleValueVersion = 1

export function encodeTransactionRecord({ transactionalId, value }: TransactionRecord): {
  key: Buffer
  value: Buffer | null
} {
  return {
    key: transactionStateRecords.encodeKey('transaction', { transactionalId }),
    value: value && encodeValue(value),
  }
}

/**
 * @returns null for kinds of records that this coordinator does not keep
 * @throws MalformedMessageError
 */
export function decodeTransactionRecord(record: {
  key: Buffer | null
  value: Buffer | null
}): TransactionRecord | null {
  if (record.key === null) throw new MalformedMessageError('a record of the log of transactions has no key')
  const decoded = transactionStateRecords.decodeKey(record.key)
  if (decoded.type !== 'transaction') return null
  const { transactionalId } = decoded.key
  return { transactionalId, value: record.value && decodeValue(transactionalId, record.value) }
}

function encodeValue(transaction: Transaction): Buffer {
  const { partitions, state } = transaction
  return transactionStateRecords.encodeValue(
    'transaction',
    {
      producerId: transaction.producerId,
      producerEpoch: transaction.producerEpoch,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionStatus: states.indexOf(state),
      transactionPartitions: state === 'Empty' ? null : topicsOf(partitions),
      transactionLastUpdateTimestampMs: transaction.lastUpdateMs,
      transactionStartTimestampMs: transaction.startMs,
      previousProducerId: transaction.previousProducerId,
      nextProducerId: transaction.nextProducerId,
      clientTransactionVersion: transaction.clientVersion,
    },
    flexibleValueVersion,
  )
}

function topicsOf(partitions: PartitionSet) {
  return Array.from(partitions, ([topic, ids]) => ({ topic, partitionIds: [...ids] }))
}

function decodeValue(transactionalId: string, buffer: Buffer): Transaction {
  const value = transactionStateRecords.decodeValue('transaction', buffer)
  const state = states[value.transactionStatus]
  if (state === undefined) {
    throw new MalformedMessageError(`transaction ${transactionalId} is stored in state ${value.transactionStatus}`)
  }
  return {
    transactionalId,
    producerId: Number(value.producerId),
    previousProducerId: Number(value.previousProducerId),
    nextProducerId: Number(value.nextProducerId),
    producerEpoch: value.producerEpoch,
    lastProducerEpoch: -1,
    timeoutMs: value.transactionTimeoutMs,
    state,
    partitions: new Map(
      (value.transactionPartitions ?? []).map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]),
    ),
    startMs: Number(value.transactionStartTimestampMs),
    lastUpdateMs: Number(value.transactionLastUpdateTimestampMs),
    clientVersion: value.clientTransactionVersion,
  }
}
