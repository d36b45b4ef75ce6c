import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audit } from './auditor.ts'
import type { ProcessView } from './snapshot.ts'

const balanced = {
  order: { 'events.confirmed.total': 1000, 'rest.confirmed.total': 500, unitsConfirmed: 3, 'events.pending': 0 },
  bank: { balance: 1500, ordersChargedTwice: 0 },
  inventory: { initial: 10, available: 7, reserved: 3, skusOutOfBalance: 0 },
  notification: {},
}

function shop(books: Record<string, Record<string, number>>, lag = 0, parked = 0, waiting = 0): ProcessView[] {
  return Object.entries(books).map(([name, account]) => {
    const setAside = { keys: parked, events: parked, deadLetters: 0 }
    const deadlines = { waiting: name === 'order' ? waiting : 0, overdue: 0 }
    const status = { replaying: false, books: account, relay: { pending: 0 }, setAside, deadlines }
    const said = name === 'bank' ? { status: null, simulator: { books: account }, lag: null } : { status, lag }
    return { name, service: name, state: 'running', answering: true, ...said } as unknown as ProcessView
  })
}
const settled = { unchanged: true }
const verdicts = (processes: ProcessView[]) => audit(processes, settled).checks.map(check => check.ok)

test('balanced books pass every check', () => {
  assert.deepEqual(verdicts(shop(balanced)), [true, true, true, true, true, true])
})

test('at rest a difference is wrong; while events are on their way it is not judged', () => {
  const books = { ...balanced, bank: { balance: 2500, ordersChargedTwice: 0 } }
  assert.deepEqual(verdicts(shop(books)), [true, false, true, true, true, true])
  assert.deepEqual(verdicts(shop(books, 1)), [true, null, true, true, true, true])
})

test('a double charge and a crooked shelf are wrong at any time', () => {
  const books = {
    ...balanced,
    bank: { balance: 1500, ordersChargedTwice: 1 },
    inventory: { ...balanced.inventory, skusOutOfBalance: 1 },
  }
  assert.deepEqual(verdicts(shop(books, 1)), [false, true, false, true, true, true])
})

test('without the books of a service there is no verdict, and no rest', () => {
  const { bank: _, ...missing } = balanced
  assert.deepEqual(audit(shop(missing), settled), { checks: [], atRest: false })
})

test('an unknown lag is not rest', () => {
  const [first, ...others] = shop(balanced)
  assert.equal(audit([{ ...first!, lag: null }, ...others], settled).atRest, false)
})

test('books that have just changed, and orders that still have a deadline, are not rest', () => {
  assert.equal(audit(shop(balanced), { unchanged: false }).atRest, false)
  const calling = { ...balanced, order: { ...balanced.order, 'rest.pending': 1 } }
  assert.deepEqual(verdicts(shop(calling, 0, 0, 1)), [true, true, true, true, true, null])
})

test('an order that is open with nothing on its way is wrong', () => {
  const stuck = { ...balanced, order: { ...balanced.order, 'events.pending': 1 } }
  assert.deepEqual(verdicts(shop(stuck)), [true, true, true, true, true, false])
})

test('while an event is parked nothing is final, and a neighbour that does not answer may know more', () => {
  const books = { ...balanced, bank: { balance: 2500, ordersChargedTwice: 0 } }
  const { atRest, checks } = audit(shop(books, 0, 1), settled)
  assert.deepEqual([atRest, checks.map(check => check.ok)], [false, [true, null, true, true, null, true]])
  const silent = shop(balanced).map(process => (process.name === 'bank' ? { ...process, answering: false } : process))
  assert.equal(audit(silent, settled).atRest, false)
})
