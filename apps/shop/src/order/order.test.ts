import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apply, type Decision, decide, evolve, newOrder, type OrderState, type Result } from './order.ts'

const charged: Result = { kind: 'charged', paymentId: 'p' }
const declined: Result = { kind: 'declined' }
const reserved: Result = { kind: 'reserved', reservationId: 'r' }
const rejected: Result = { kind: 'rejected' }

/** Hears the results one by one, deciding after each, as the service does. */
function hear(results: readonly Result[], order = newOrder): { state: OrderState; decisions: Decision[] } {
  const decisions: Decision[] = []
  const state = results.reduce((before, result) => {
    const after = evolve(before, result)
    const decision = decide(after, result)
    if (decision === undefined) return after
    decisions.push(decision)
    return apply(after, decision)
  }, order)
  return { state, decisions }
}

const confirm: Decision = { kind: 'confirm', paymentId: 'p', reservationId: 'r' }
const noMoney: Decision = { kind: 'cancel', reason: 'payment-declined' }
const timedOut: Result = { kind: 'timed-out' }
const noTime: Decision = { kind: 'cancel', reason: 'timed-out' }
const noStock: Decision = { kind: 'cancel', reason: 'out-of-stock' }

const cases: { given: string; heard: Result[]; decided: Decision[] }[] = [
  { given: 'nothing yet', heard: [], decided: [] },
  { given: 'paid, stock open', heard: [charged], decided: [] },
  { given: 'reserved, payment open', heard: [reserved], decided: [] },
  { given: 'paid, then reserved', heard: [charged, reserved], decided: [confirm] },
  { given: 'reserved, then paid', heard: [reserved, charged], decided: [confirm] },
  { given: 'declined', heard: [declined], decided: [noMoney] },
  { given: 'out of stock', heard: [rejected], decided: [noStock] },
  { given: 'out of stock after it was paid', heard: [charged, rejected], decided: [noStock] },
  { given: 'paid after it was cancelled', heard: [rejected, charged], decided: [noStock] },
  { given: 'declined and out of stock: one cancellation', heard: [declined, rejected], decided: [noMoney] },
  { given: 'paid, and then nothing until the deadline', heard: [charged, timedOut], decided: [noTime] },
  { given: 'the deadline, and then the results', heard: [timedOut, charged, reserved], decided: [noTime] },
  { given: 'confirmed before the deadline', heard: [charged, reserved, timedOut], decided: [confirm] },
  { given: 'everything twice', heard: [charged, charged, reserved, reserved], decided: [confirm] },
]

for (const { given, heard, decided } of cases) {
  test(`${given}: ${decided.map(decision => decision.kind).join(', ') || 'no decision'}`, () => {
    assert.deepEqual(hear(heard).decisions, decided)
  })
}

const paying = { ...newOrder, status: 'paying' as const }
const begin: Decision = { kind: 'begin' }

test('an order that is paid first begins once it is paid, and once only', () => {
  assert.deepEqual(hear([charged, charged], paying).decisions, [begin])
  assert.deepEqual(hear([charged, reserved], paying).decisions, [begin, confirm])
  assert.deepEqual(hear([declined], paying).decisions, [noMoney])
  assert.deepEqual(hear([timedOut, charged], paying).decisions, [noTime])
})

test('whatever comes in whatever order and however often: one decision at most, and the right one', () => {
  const payment = fc.constantFrom(charged, declined)
  const stock = fc.constantFrom(reserved, rejected)
  const deliveries = fc
    .tuple(payment, stock)
    .chain(pair => fc.array(fc.constantFrom(...pair, timedOut), { maxLength: 8 }))
  fc.assert(
    fc.property(deliveries, results => {
      const { state, decisions } = hear(results)
      assert.ok(decisions.length <= 1)
      // The first of these to be true decides.
      const at = (kind: Result['kind']) => {
        const index = results.findIndex(result => result.kind === kind)
        return index < 0 ? Number.POSITIVE_INFINITY : index
      }
      const cancelled = Math.min(at('declined'), at('rejected'), at('timed-out'))
      const complete = Math.max(at('charged'), at('reserved'))
      const expected = cancelled < complete ? 'cancelled' : complete < cancelled ? 'confirmed' : 'pending'
      assert.equal(state.status, expected)
    }),
  )
})
