/** DescribeTransactions: what is known of transactional ids (KIP-664). */

import { describeTransactions, errorCode, KafkaError } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

export const describeTransactionsHandler = handler(
  describeTransactions,
  ({ request, broker }) => ({
    transactionStates: request.transactionalIds.map(transactionalId => {
      try {
        return describe(broker, transactionalId)
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        return unknown(transactionalId, error.code)
      }
    }),
  }),
  {
    refuse: ({ request, errorCode }) => ({
      transactionStates: request.transactionalIds.map(transactionalId => unknown(transactionalId, errorCode)),
    }),
  },
)

function describe({ transactions }: BrokerServices, transactionalId: string) {
  if (transactionalId === '') throw new KafkaError('INVALID_REQUEST')
  const { state, timeoutMs, startMs, producerId, producerEpoch, partitions } = transactions.describe(transactionalId)
  return {
    transactionalId,
    errorCode: errorCode('NONE'),
    transactionState: state,
    transactionTimeoutMs: timeoutMs,
    transactionStartTimeMs: startMs,
    producerId,
    producerEpoch,
    topics: Array.from(partitions, ([topic, ids]) => ({ topic, partitions: [...ids] })),
  }
}

function unknown(transactionalId: string, errorCode: number) {
  return {
    ...{ transactionalId, errorCode, transactionState: '', transactionTimeoutMs: 0, transactionStartTimeMs: 0 },
    ...{ producerId: 0, producerEpoch: 0, topics: [] },
  }
}
