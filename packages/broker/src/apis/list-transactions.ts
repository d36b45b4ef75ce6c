/**
 * ListTransactions: all transactional ids, or those in certain states and of certain producers (KIP-664). v1 those that are open for longer
 * than a time (KIP-994), v2 those whose id matches a regular expression of RE2, as a whole (KIP-1152).
 */

import { errorCode, KafkaError, listTransactions } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import type { Transaction } from '../transactions/transaction.ts'
import { handler } from './handler.ts'

/** Kafka's names; two of them only ever pass. */
const states: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
])

export const listTransactionsHandler = handler(
  listTransactions,
  async ({ request, broker }) => {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request
    const matchesId = await idMatcher(transactionalIdPattern)
    const producerIds = new Set(producerIdFilters.map(Number))
    const wanted = new Set(stateFilters)
    const nowMs = broker.clock.now()
    const matches = ({ transactionalId, state, producerId, startMs }: Transaction): boolean =>
      (wanted.size === 0 || wanted.has(state)) &&
      (producerIds.size === 0 || producerIds.has(producerId)) &&
      (durationFilter < 0n || nowMs - startMs > durationFilter) &&
      matchesId(transactionalId)
    const transactionStates = allTransactions(broker)
      .filter(matches)
      .map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state }))
    const unknownStateFilters = stateFilters.filter(state => !states.has(state))
    return { errorCode: errorCode('NONE'), unknownStateFilters, transactionStates }
  },
  { refuse: ({ errorCode }) => ({ errorCode, unknownStateFilters: [], transactionStates: [] }) },
)

function allTransactions({ transactions }: BrokerServices): Transaction[] {
  return transactions.shards.flatMap(shard => {
    // A list that lacks what is being loaded would be taken for the whole.
    if (shard.isLoading) shard.assertActive()
    return [...shard.transactions()]
  })
}

/** The engine is loaded when the first client asks for it. */
async function idMatcher(pattern: string | null): Promise<(transactionalId: string) => boolean> {
  if (pattern === null || pattern === '') return () => true
  const { RE2JS } = await import('re2js')
  try {
    const compiled = RE2JS.compile(pattern)
    return transactionalId => compiled.matches(transactionalId)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new KafkaError('INVALID_REGULAR_EXPRESSION', error.message)
  }
}
