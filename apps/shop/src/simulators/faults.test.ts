import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../contracts/simulators.ts'
import type { HttpProblem } from '../kit/problem.ts'
import { FaultPlan, isAmong } from './faults.ts'

function planOf(set: object, random: () => number = () => 0) {
  const plan = new FaultPlan({ usualDelayMs: 0, random })
  plan.set(faults.parse(set))
  return plan
}
const status = (code: number) => (error: HttpProblem) => error.status === code

test('without faults a call is answered', async () => {
  assert.equal(await planOf({}).answer('a', () => 7), 7)
})

test('a failing call may have had its effect, or not: the caller can not tell', async () => {
  const draws = [0, 0.1, 0, 0.9, 0.99, 0]
  const plan = planOf({ failPercent: 50 }, () => draws.shift() ?? 1)
  let effects = 0
  const call = () => plan.answer('a', () => (effects += 1))
  await assert.rejects(call(), status(500))
  assert.equal(effects, 0)
  await assert.rejects(call(), status(500))
  assert.equal(effects, 1)
  assert.equal(await call(), 2)
})

test('a refused order is refused each time, without effect, until the fault is taken back', async () => {
  const orders = Array.from({ length: 1000 }, (_, number) => `order-${number}`)
  const refused = orders.filter(order => isAmong(order, 20))
  assert.ok(refused.length > 150 && refused.length < 250, String(refused.length))
  assert.deepEqual(
    orders.filter(order => isAmong(order, 0)),
    [],
  )
  const plan = planOf({ refusePercent: 20 })
  for (let time = 0; time < 2; time += 1) await assert.rejects(plan.answer(refused[0]!, assert.fail), status(422))
  plan.set(faults.parse({}))
  assert.equal(await plan.answer(refused[0]!, () => 'done'), 'done')
})
