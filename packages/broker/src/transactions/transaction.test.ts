import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorName, KafkaError } from '@ottla/protocol'
import fc from 'fast-check'
import {
  addPartitions,
  complete,
  fence,
  includes,
  initialise,
  judgeEnd,
  needsProducerIdToEnd,
  needsProducerIdToInitialise,
  newTransaction,
  type Producer,
  prepareEnd,
  producerOf,
  type Transaction,
  type TransactionEnd,
  type TransactionState,
} from './transaction.ts'

const nowMs = 1_000
const partitions = [
  { topic: 'a', partition: 0 },
  { topic: 'a', partition: 1 },
  { topic: 'b', partition: 0 },
]

/** A producer with id 7 and epoch 5 whose transaction is in this state, by the version that it speaks. */
function inState(state: TransactionState, { producerEpoch = 5, clientVersion = 2 } = {}): Transaction {
  const empty = { ...newTransaction('tx', 7), producerEpoch, timeoutMs: 60_000 }
  if (state === 'Empty') return empty
  const ongoing = addPartitions(empty, { partitions, clientVersion, nowMs })
  if (state === 'Ongoing') return ongoing
  const end: TransactionEnd = state.endsWith('Commit') ? 'commit' : 'abort'
  const nextProducerId = needsProducerIdToEnd(ongoing, clientVersion) ? 8 : null
  const prepared = prepareEnd(ongoing, { end, clientVersion, nextProducerId, nowMs })
  return state.startsWith('Prepare') ? prepared : complete(prepared, nowMs)
}

function errorOf(act: () => unknown): ErrorName | 'NONE' {
  try {
    act()
    return 'NONE'
  } catch (error) {
    if (error instanceof KafkaError) return error.errorName
    throw error
  }
}

const init = (current: Transaction, expected: Producer | null = null, nextProducerId: number | null = null) =>
  initialise(current, { timeoutMs: 1, expected, nextProducerId, nowMs })

describe('initialise', () => {
  test('gives a new producer epoch 0, and each one that follows the next epoch', () => {
    const first = init(newTransaction('tx', 7))
    assert.deepEqual([first.producerId, first.producerEpoch, first.state], [7, 0, 'Empty'])
    assert.deepEqual([init(first).producerEpoch, init(init(first)).producerEpoch], [1, 2])
  })

  test('answers a repeated request with the same epoch, until somebody else has come', () => {
    const expected = { producerId: 7, producerEpoch: 5 }
    const once = init(inState('Empty'), expected)
    assert.equal(once.producerEpoch, 6)
    assert.equal(init(once, expected).producerEpoch, 6)
    const stranger = init(once)
    assert.equal(stranger.producerEpoch, 7)
    assert.equal(
      errorOf(() => init(stranger, expected)),
      'PRODUCER_FENCED',
    )
    assert.equal(
      errorOf(() => init(once, { producerId: 9, producerEpoch: 5 })),
      'PRODUCER_FENCED',
    )
  })

  test('takes a new producer id when the epochs are used up, and knows the repetition of that request', () => {
    const last = inState('Empty', { producerEpoch: 32_766 })
    const expected = { producerId: 7, producerEpoch: 32_766 }
    assert.ok(needsProducerIdToInitialise(last, null) && needsProducerIdToInitialise(last, expected))
    const rotated = init(last, expected, 8)
    assert.deepEqual([rotated.producerId, rotated.producerEpoch], [8, 0])
    assert.ok(!needsProducerIdToInitialise(rotated, expected))
    assert.deepEqual(init(rotated, expected).producerEpoch, 0)
  })
})

describe('addPartitions', () => {
  test('begins a transaction with the first ones, and keeps all', () => {
    const begun = addPartitions(inState('CompleteCommit'), { partitions, clientVersion: 2, nowMs })
    assert.deepEqual([begun.state, begun.startMs], ['Ongoing', nowMs])
    const more = addPartitions(begun, { partitions: [{ topic: 'c', partition: 9 }], clientVersion: 2, nowMs: 2_000 })
    assert.deepEqual([more.startMs, more.lastUpdateMs], [nowMs, 2_000])
    assert.ok(includes(more, [...partitions, { topic: 'c', partition: 9 }]))
    assert.ok(!includes(begun, [{ topic: 'c', partition: 9 }]))
  })

  test('is not for a transaction whose end is decided', () => {
    for (const state of ['PrepareCommit', 'PrepareAbort'] as const) {
      assert.throws(() => addPartitions(inState(state), { partitions, clientVersion: 2, nowMs }), /can't go from/)
    }
  })
})

/** What EndTxn is told, by state; of version 2 by whether it names the present epoch or the one before (a repetition). */
const ends: Record<1 | 2, Partial<Record<TransactionState, Record<string, string>>>> = {
  1: {
    Empty: { commit: 'INVALID_TXN_STATE', abort: 'INVALID_TXN_STATE' },
    Ongoing: { commit: 'begin', abort: 'begin' },
    CompleteCommit: { commit: 'repeat', abort: 'INVALID_TXN_STATE' },
    CompleteAbort: { commit: 'INVALID_TXN_STATE', abort: 'repeat' },
  },
  2: {
    Empty: {
      commit: 'INVALID_TXN_STATE',
      abort: 'begin',
      'commit again': 'PRODUCER_FENCED',
      'abort again': 'PRODUCER_FENCED',
    },
    Ongoing: { commit: 'begin', abort: 'begin', 'commit again': 'PRODUCER_FENCED', 'abort again': 'PRODUCER_FENCED' },
    CompleteCommit: {
      ...{ commit: 'INVALID_TXN_STATE', abort: 'begin' },
      ...{ 'commit again': 'repeat', 'abort again': 'INVALID_TXN_STATE' },
    },
    CompleteAbort: {
      ...{ commit: 'INVALID_TXN_STATE', abort: 'begin' },
      ...{ 'commit again': 'INVALID_TXN_STATE', 'abort again': 'repeat' },
    },
  },
}

for (const version of [1, 2] as const) {
  for (const [state, table] of Object.entries(ends[version])) {
    for (const [request, expected] of Object.entries(table)) {
      test(`version ${version}: ${request} in state ${state} is answered ${expected}`, () => {
        const clientVersion = version === 2 ? 2 : 0
        const current = inState(state as TransactionState, { clientVersion })
        const { producerId } = current
        const producerEpoch = current.producerEpoch - (request.endsWith('again') ? 1 : 0)
        const end = request.startsWith('commit') ? 'commit' : 'abort'
        let answer: string | undefined
        const error = errorOf(() => {
          answer = judgeEnd(current, { producer: { producerId, producerEpoch }, end, clientVersion }, false)
        })
        assert.equal(answer ?? error, expected)
      })
    }
  }
}

test('an end that is being written is not judged before it is done', () => {
  for (const clientVersion of [0, 2]) {
    const current = inState('PrepareCommit', { clientVersion })
    const { producerId, producerEpoch } = current
    const asked = { producerId, producerEpoch: producerEpoch - (clientVersion === 2 ? 1 : 0) }
    for (const end of ['commit', 'abort'] as const) {
      assert.equal(
        errorOf(() => judgeEnd(current, { producer: asked, end, clientVersion }, true)),
        'CONCURRENT_TRANSACTIONS',
      )
    }
    assert.equal(
      errorOf(() => judgeEnd(current, { producer: { ...asked, producerId: 9 }, end: 'commit', clientVersion }, true)),
      'INVALID_PRODUCER_ID_MAPPING',
    )
  }
})

test('the end of a transaction gives the next epoch, or a new producer id after the last one', () => {
  const ended = inState('CompleteCommit')
  assert.deepEqual([ended.producerId, ended.producerEpoch], [7, 6])
  assert.deepEqual(inState('CompleteCommit', { clientVersion: 0 }).producerEpoch, 5)
  const prepared = inState('PrepareCommit', { producerEpoch: 32_766 })
  // The marker is of the epoch above the last one: nothing of the old id can follow it.
  assert.deepEqual([prepared.producerId, prepared.producerEpoch], [7, 32_767])
  assert.deepEqual(producerOf(prepared), { producerId: 8, producerEpoch: 0 })
  const exhausted = complete(prepared, nowMs)
  assert.deepEqual([exhausted.producerId, exhausted.producerEpoch, exhausted.partitions.size], [8, 0, 0])
  const repeated = { producer: { producerId: 7, producerEpoch: 32_766 }, end: 'commit', clientVersion: 2 } as const
  assert.equal(judgeEnd(exhausted, repeated, false), 'repeat')
})

test('fencing leaves no epoch to whoever had the transaction open', () => {
  const fenced = fence(inState('Ongoing'), { version: 2, nowMs })
  assert.deepEqual([fenced.state, fenced.producerEpoch], ['PrepareAbort', 6])
  for (const producerEpoch of [32_765, 32_766]) {
    const last = complete(fence(inState('Ongoing', { producerEpoch }), { version: 2, nowMs }), nowMs)
    assert.equal(last.producerEpoch, producerEpoch + 1)
    assert.ok(needsProducerIdToInitialise(last, null))
    assert.deepEqual([init(last, null, 8).producerId, init(last, null, 8).producerEpoch], [8, 0])
  }
})

test('whatever happens, an id never gives the same epoch to two producers', () => {
  const step = fc.constantFrom('init', 'add', 'commit', 'abort', 'fence')
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 32_766 }), (steps, producerEpoch) => {
      let nextId = 100
      let current: Transaction = { ...newTransaction('tx', 7), producerEpoch }
      const given = new Set<string>()
      const give = ({ producerId, producerEpoch }: Producer): void => {
        const key = `${producerId}/${producerEpoch}`
        assert.ok(!given.has(key), `${key} is given twice`)
        given.add(key)
      }
      for (const act of steps) {
        const isOngoing = current.state === 'Ongoing'
        if (act === 'init' && !isOngoing) {
          current = init(current, null, needsProducerIdToInitialise(current, null) ? nextId++ : null)
          give(current)
        } else if (act === 'add' && !isOngoing && current.producerEpoch <= 32_766) {
          current = addPartitions(current, { partitions, clientVersion: 2, nowMs })
        } else if (act === 'fence' && isOngoing) {
          current = complete(fence(current, { version: 2, nowMs }), nowMs)
        } else if ((act === 'commit' || act === 'abort') && isOngoing) {
          const nextProducerId = needsProducerIdToEnd(current, 2) ? nextId++ : null
          const prepared = prepareEnd(current, { end: act, clientVersion: 2, nextProducerId, nowMs })
          current = complete(prepared, nowMs)
          assert.deepEqual(producerOf(prepared), {
            producerId: current.producerId,
            producerEpoch: current.producerEpoch,
          })
          give(current)
        }
        assert.ok(current.producerEpoch >= 0 && current.producerEpoch <= 32_767)
      }
    }),
  )
})
