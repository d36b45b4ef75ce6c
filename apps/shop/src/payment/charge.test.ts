import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { now, testPlace } from '../kit/testing.ts'
import { openBankBook } from '../simulators/bank/book.ts'
import type { Bank } from './bank.ts'
import { callBack, charge } from './charge.ts'
import { openPaymentDatabase } from './database.ts'

const database = await openPaymentDatabase(testPlace())
const book = openBankBook({ path: ':memory:', limit: 10_000, now: () => now })
const bank: Bank = {
  charge: async order => book.charge(order),
  cancel: async charge => ({ refunded: book.cancel(charge) }),
  entriesOf: async orderIds => book.entriesOf(orderIds),
}
after(async () => {
  await database.destroy()
  book.close()
})
const parts = { database, bank, traceparent: '' }

const pay = async (orderId: string, { attempt = 1, amount = 1000 } = {}) => {
  const store = await charge(parts, { orderId, attempt, amount, currency: 'EUR' })
  return (await database.transaction().execute(transaction => store(transaction, now))).result
}
const giveBack = async (orderId: string, attempt = 1) => {
  const store = await callBack(parts, { orderId, attempt })
  return database.transaction().execute(transaction => store(transaction, now))
}
const entries = (orderId: string) => book.entriesOf([orderId]).map(entry => entry.kind)

test('an order is charged once, however often it is asked', async () => {
  const results = [await pay('a'), await pay('a'), ...(await Promise.all([pay('a'), pay('a', { attempt: 2 })]))]
  assert.equal(results[0]?.outcome, 'charged')
  for (const result of results) assert.deepEqual(result, results[0])
  assert.deepEqual(entries('a'), ['charge'])
})

test('two first charges at the same moment are one', async () => {
  const [first, second] = await Promise.all([pay('b'), pay('b')])
  assert.deepEqual(first, second)
  assert.deepEqual(entries('b'), ['charge'])
})

test('a crash between the bank and the database repeats the question, not the charge', async () => {
  await charge(parts, { orderId: 'c', attempt: 1, amount: 1000, currency: 'EUR' })
  assert.equal((await pay('c')).outcome, 'charged')
  assert.deepEqual(entries('c'), ['charge'])
})

test('above the limit the bank declines, and that is remembered', async () => {
  assert.equal((await pay('d', { amount: 10_001 })).outcome, 'declined')
  assert.equal((await pay('d', { amount: 10_001 })).outcome, 'declined')
  assert.deepEqual(entries('d'), [])
})

test('a refund gives back once', async () => {
  await pay('e')
  assert.equal((await giveBack('e'))?.amount, 1000)
  assert.equal(await giveBack('e'), undefined)
  assert.deepEqual(entries('e'), ['charge', 'refund'])
})

test('a replayed event does not charge a refunded order again; a new attempt does', async () => {
  await pay('f')
  await giveBack('f')
  await pay('f')
  assert.deepEqual(entries('f'), ['charge', 'refund'])
  await pay('f', { attempt: 2 })
  assert.deepEqual(entries('f'), ['charge', 'refund', 'charge'])
  assert.equal(book.totals().ordersChargedTwice, 0)
})

test('what is called back before it is charged is not charged; a further attempt is', async () => {
  assert.equal(await giveBack('g'), undefined)
  assert.equal((await pay('g')).outcome, 'declined')
  assert.deepEqual(entries('g'), [])
  assert.equal((await pay('g', { attempt: 2 })).outcome, 'charged')
})

test('a charge whose outcome nobody heard is given back too', async () => {
  await charge(parts, { orderId: 'h', attempt: 1, amount: 1000, currency: 'EUR' })
  assert.equal((await giveBack('h'))?.amount, 1000)
  assert.deepEqual(entries('h'), ['charge', 'refund'])
})

test('a charge that is under way while it is called back ends as called back', async () => {
  const store = await charge(parts, { orderId: 'i', attempt: 1, amount: 1000, currency: 'EUR' })
  await giveBack('i')
  const { isNew } = await database.transaction().execute(transaction => store(transaction, now))
  assert.equal(isNew, false)
  assert.deepEqual(entries('i'), ['charge', 'refund'])
})

test('a further attempt first gives back what an earlier one may have taken', async () => {
  await charge(parts, { orderId: 'j', attempt: 1, amount: 1000, currency: 'EUR' })
  assert.equal((await pay('j', { attempt: 2 })).outcome, 'charged')
  assert.deepEqual(entries('j'), ['charge', 'refund', 'charge'])
})

test('the bank’s book would show a second charge under another reference', async () => {
  const separate = openBankBook({ path: ':memory:', limit: 10_000, now: () => now })
  separate.charge({ reference: 'x/1', orderId: 'x', amount: 10 })
  separate.charge({ reference: 'x/2', orderId: 'x', amount: 10 })
  assert.deepEqual(separate.totals(), { charges: 2, refunds: 0, balance: 20, ordersChargedTwice: 1 })
  separate.close()
})
