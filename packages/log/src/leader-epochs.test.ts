import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderEpochs } from './leader-epochs.ts'

const epochs = () =>
  new LeaderEpochs([
    { epoch: 1, startOffset: 0 },
    { epoch: 3, startOffset: 10 },
    { epoch: 4, startOffset: 25 },
  ])

test('tells where an epoch ended', () => {
  const of = (epoch: number) => Object.values(epochs().endOffsetFor(epoch, 40))
  assert.deepEqual(of(-1), [-1, -1])
  assert.deepEqual(of(0), [0, 0])
  assert.deepEqual(of(1), [1, 10])
  assert.deepEqual(of(2), [1, 10])
  assert.deepEqual(of(3), [3, 25])
  assert.deepEqual(of(4), [4, 40])
  assert.deepEqual(of(5), [-1, -1])
  assert.deepEqual(Object.values(new LeaderEpochs().endOffsetFor(0, 7)), [-1, -1])
})

test('an epoch in which nothing was written gives way to the next', () => {
  const list = epochs()
  list.assign({ epoch: 5, startOffset: 25 })
  list.assign({ epoch: 5, startOffset: 30 })
  list.assign({ epoch: 2, startOffset: 31 })
  assert.deepEqual(list.entries.at(-1), { epoch: 5, startOffset: 25 })
  assert.equal(list.entries.length, 3)
})

test('is cut at the end and at the start', () => {
  const list = epochs()
  list.truncateFromEnd(25)
  assert.equal(list.latest, 3)
  list.truncateFromStart(12)
  assert.deepEqual(list.entries, [{ epoch: 3, startOffset: 12 }])
  const early = epochs()
  early.truncateFromStart(10)
  assert.deepEqual(early.entries[0], { epoch: 3, startOffset: 10 })
  assert.equal(early.entries.length, 2)
})
