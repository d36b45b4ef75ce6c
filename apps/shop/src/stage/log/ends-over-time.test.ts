import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndsOverTime } from './ends-over-time.ts'

test('a record was seen at the first look that found the log beyond it', () => {
  const ends = new EndsOverTime()
  for (const [atMs, end] of [
    [1000, 5],
    [1500, 5],
    [2000, 8],
    [2500, 12],
  ] as const)
    ends.add('orders/0', end, atMs)
  assert.equal(ends.seenAtMs('orders/0', 5), 2000)
  assert.equal(ends.seenAtMs('orders/0', 7), 2000)
  assert.equal(ends.seenAtMs('orders/0', 8), 2500)
})

test('what is older than the first look, and what has not come, is not known', () => {
  const ends = new EndsOverTime()
  ends.add('orders/0', 5, 1000)
  ends.add('orders/0', 6, 2000)
  assert.equal(ends.seenAtMs('orders/0', 4), undefined)
  assert.equal(ends.seenAtMs('orders/0', 6), undefined)
  assert.equal(ends.seenAtMs('orders/1', 0), undefined)
})

test('a topic that was made anew begins a new history', () => {
  const ends = new EndsOverTime()
  ends.add('orders/0', 50, 1000)
  ends.add('orders/0', 2, 2000)
  ends.add('orders/0', 4, 3000)
  assert.equal(ends.seenAtMs('orders/0', 3), 3000)
  assert.equal(ends.seenAtMs('orders/0', 1), undefined)
})
