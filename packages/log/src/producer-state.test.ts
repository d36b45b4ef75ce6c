import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildRecordBatch, RecordBatch } from '@ottla/protocol'
import fc from 'fast-check'
import { formatProducerSnapshot, parseProducerSnapshot } from './producer-snapshot.ts'
import { nextSequence, ProducerState, sequenceBefore } from './producer-state.ts'

const maxSequence = 2 ** 31 - 1

interface Options {
  count?: number
  baseOffset?: number
  producerEpoch?: number
  control?: boolean
}

function batch(baseSequence: number, { count = 1, baseOffset = 0, producerEpoch = 0, control = false }: Options = {}) {
  const record = { timestamp: 50, key: null, value: null, headers: [] }
  const records = Array.from({ length: count }, () => record)
  return new RecordBatch(
    buildRecordBatch({ baseOffset, records, producerId: 7, producerEpoch, baseSequence, control }),
    0,
  )
}

const client = { checkSequence: true }
const outOfOrder = { errorName: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }

test('a producer of which nothing is known may begin anywhere', () => {
  new ProducerState().check(batch(1234), client)
})

test('takes the sequence that follows, and no other', () => {
  const state = new ProducerState()
  state.record(batch(0, { count: 3 }))
  state.check(batch(3), client)
  for (const sequence of [0, 2, 4, maxSequence]) assert.throws(() => state.check(batch(sequence), client), outOfOrder)
})

test('sequences wrap, inside a batch too', () => {
  const state = new ProducerState()
  state.record(batch(maxSequence - 1, { count: 2 }))
  state.check(batch(0), client)
  assert.throws(() => state.check(batch(1), client), outOfOrder)
  const inside = new ProducerState()
  inside.record(batch(maxSequence, { count: 3 }))
  inside.check(batch(2), client)
  assert.equal(inside.findDuplicate(batch(maxSequence, { count: 3 }))?.lastOffset, 2)
  assert.equal(nextSequence(maxSequence), 0)
  assert.equal(sequenceBefore(1, 2), maxSequence)
  assert.equal(sequenceBefore(5, 5), 0)
})

test('a duplicate has epoch, first and last sequence of one of the last five batches', () => {
  const state = new ProducerState()
  for (let i = 0; i < 6; i++) state.record(batch(i * 2, { count: 2, baseOffset: i * 2 }))
  assert.equal(state.findDuplicate(batch(0, { count: 2 })), undefined)
  for (let i = 1; i < 6; i++) assert.equal(state.findDuplicate(batch(i * 2, { count: 2 }))?.baseOffset, i * 2)
  assert.equal(state.findDuplicate(batch(10, { count: 1 })), undefined)
  assert.equal(state.findDuplicate(batch(10, { count: 2, producerEpoch: 1 })), undefined)
})

test('a new epoch begins at 0, an old one is fenced', () => {
  const state = new ProducerState()
  state.record(batch(0, { producerEpoch: 2 }))
  assert.throws(() => state.check(batch(1, { producerEpoch: 1 }), client), { errorName: 'INVALID_PRODUCER_EPOCH' })
  assert.throws(() => state.check(batch(1, { producerEpoch: 3 }), client), outOfOrder)
  state.check(batch(0, { producerEpoch: 3 }), client)
  state.record(batch(0, { producerEpoch: 3, baseOffset: 9 }))
  assert.equal(state.get(7)?.batches.length, 1)
})

test('a coordinator has no sequences, but epochs', () => {
  const state = new ProducerState()
  state.record(batch(-1, { producerEpoch: 2, control: true }))
  assert.deepEqual(state.get(7)?.batches, [])
  state.check(batch(-1, { producerEpoch: 2 }), { checkSequence: false })
  assert.throws(() => state.check(batch(-1, { producerEpoch: 1 }), { checkSequence: false }))
  state.check(batch(0, { producerEpoch: 2 }), client)
  assert.throws(() => state.check(batch(1, { producerEpoch: 2 }), client), outOfOrder)
})

test('can be taken back', () => {
  const state = new ProducerState()
  const first = state.record(batch(0))
  const second = state.record(batch(1, { baseOffset: 1 }))
  state.restore(7, second)
  state.check(batch(1), client)
  state.restore(7, first)
  assert.equal(state.size, 0)
})

test('expires by the last batch, but never with an open transaction', () => {
  const state = new ProducerState()
  state.record(batch(0))
  state.expire({ nowMs: 149, expirationMs: 100 })
  assert.equal(state.size, 1)
  const entry = { ...state.get(7)!, producerId: 8, currentTransactionFirstOffset: 0 }
  state.restore(8, entry)
  state.expire({ nowMs: 150, expirationMs: 100 })
  assert.deepEqual([...state.entries()], [entry])
})

test('a snapshot gives back the last batches of each producer, and any change of a byte is noticed', () => {
  const entry = fc.record({
    producerId: fc.nat(),
    producerEpoch: fc.nat(32767),
    lastTimestamp: fc.nat(),
    coordinatorEpoch: fc.integer({ min: -1, max: 9 }),
    currentTransactionFirstOffset: fc.integer({ min: -1, max: 99 }),
    lastSequence: fc.nat(maxSequence),
    counts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    baseOffset: fc.nat(),
  })
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: entry => entry.producerId, maxLength: 5 }), fc.nat(), (raw, at) => {
      const entries = raw.map(({ lastSequence, counts, baseOffset, ...rest }) => {
        const batches = []
        let [sequence, offset] = [lastSequence, baseOffset]
        for (const count of counts) {
          const baseSequence = sequence
          sequence = (baseSequence + count - 1) % (maxSequence + 1)
          const lastOffset = offset + count - 1
          batches.push({
            ...{ baseSequence, lastSequence: sequence, baseOffset: offset, lastOffset },
            maxTimestamp: rest.lastTimestamp,
          })
          sequence = nextSequence(sequence)
          offset = lastOffset + 1
        }
        return { ...rest, batches }
      })
      const content = formatProducerSnapshot(entries)
      assert.deepEqual(parseProducerSnapshot(content), entries)
      content[at % content.length]! ^= 1 << (at % 8)
      assert.equal(parseProducerSnapshot(content), null)
    }),
  )
})

test('a producer without a batch survives a snapshot', () => {
  const state = new ProducerState()
  state.record(batch(-1, { control: true }))
  assert.deepEqual(parseProducerSnapshot(formatProducerSnapshot(state.entries())), [...state.entries()])
})
