import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestBudget } from './request-budget.ts'

test('is used up by bytes or by requests, and calls who waits once there is room', () => {
  const budget = new RequestBudget({ maxBytes: 100, maxRequests: 3 })
  const woken: string[] = []
  budget.take(60)
  assert.equal(budget.isUsedUp, false)
  budget.take(40)
  assert.equal(budget.isUsedUp, true)
  budget.whenRoom(() => woken.push('a'))
  budget.giveBack(40)
  assert.deepEqual(woken, ['a'])
  budget.take(1)
  budget.take(1)
  assert.equal(budget.isUsedUp, true)
  budget.giveBack(1)
  assert.deepEqual(woken, ['a'])
})

test('does not call who no longer waits', () => {
  const budget = new RequestBudget({ maxBytes: 10, maxRequests: 1 })
  const resume = (): void => assert.fail('cancelled')
  budget.take(10)
  budget.whenRoom(resume)
  budget.cancel(resume)
  budget.giveBack(10)
})

test('has no byte limit at -1', () => {
  const budget = new RequestBudget({ maxBytes: -1, maxRequests: 10 })
  budget.take(2 ** 40)
  assert.equal(budget.isUsedUp, false)
})

test('notices when more is given back than was taken', () => {
  const budget = new RequestBudget({ maxBytes: 10, maxRequests: 1 })
  assert.throws(() => budget.giveBack(1), /more request bytes given back than taken/)
})
