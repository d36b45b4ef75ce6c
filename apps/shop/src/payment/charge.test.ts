import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { now } from '../kit/testing.ts'
import { openBankBook } from '../simulators/bank/book.ts'
import type { Bank } from './bank.ts'
import { charge, refund } from './charge.ts'
import { openPaymentDatabase } from './database.ts'

const database = openPaymentDatabase(':memory:')
const book = openBankBook({ path: ':memory:', limit: 10_000, now: () => now })
const bank: Bank = {
  charge: async order => book.charge(order),
  refund: async order => void book.refund(order),
  entriesOf: async orderIds => book.entriesOf(orderIds),
}
after(async () => {
  await database.destroy()
  book.close()
})
const parts = { database, bank }

const pay = async (orderId: string, { attempt = 1, amount = 1000 } = {}) => {
  const store = await charge(parts, { orderId, attempt, amount, currency: 'EUR' })
  return database.transaction().execute(transaction => store(transaction, now))
}
const giveBack = async (orderId: string) => {
  const store = await refund(parts, orderId)
  return store === undefined ? undefined : database.transaction().execute(transaction => store(transaction, now))
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

test('a refund gives back once, and what was never charged is not refunded', async () => {
  assert.equal(await giveBack('e'), undefined)
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

test('the bank’s book would show a second charge under another reference', async () => {
  const separate = openBankBook({ path: ':memory:', limit: 10_000, now: () => now })
  separate.charge({ reference: 'x/1', orderId: 'x', amount: 10 })
  separate.charge({ reference: 'x/2', orderId: 'x', amount: 10 })
  assert.deepEqual(separate.totals(), { charges: 2, refunds: 0, balance: 20, ordersChargedTwice: 1 })
  separate.close()
})
