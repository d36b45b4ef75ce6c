import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestBudget } from './request-budget.ts'

test('calls who waits, once, when there is room again', () => {
  const budget = new RequestBudget({ maxBytes: 100 })
  const woken: string[] = []
  budget.take(60)
  assert.equal(budget.isUsedUp, false)
  budget.take(60)
  assert.equal(budget.isUsedUp, true)
  budget.whenRoom(() => woken.push('a'))
  budget.giveBack(10)
  assert.deepEqual(woken, [])
  budget.giveBack(50)
  budget.giveBack(60)
  assert.deepEqual(woken, ['a'])
})

test('does not call who no longer waits', () => {
  const budget = new RequestBudget({ maxBytes: 10 })
  const resume = (): void => assert.fail('cancelled')
  budget.take(10)
  budget.whenRoom(resume)
  budget.cancel(resume)
  budget.giveBack(10)
})

test('has no limit at -1, nor at 0, as in Kafka', () => {
  for (const maxBytes of [-1, 0]) {
    const budget = new RequestBudget({ maxBytes })
    assert.equal(budget.isUsedUp, false)
    budget.take(2 ** 40)
    assert.equal(budget.isUsedUp, false)
  }
})

test('notices when more is given back than was taken', () => {
  assert.throws(() => new RequestBudget({ maxBytes: 10 }).giveBack(1), /more request bytes given back than taken/)
})
