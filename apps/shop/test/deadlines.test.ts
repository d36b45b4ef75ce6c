/** Scenarios 14 and 15: orders that get no outcome in time, on a shop whose deadline is short. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mugs, startShop } from './shop.ts'

const deadlineMs = 3000
const shop = await startShop({ ORDER_DEADLINE_MS: String(deadlineMs) })
after(() => shop.stop())

type Payments = { payments: { bankEntries: { kind: string }[] }[] }
const bankEntries = async (orderId: string) =>
  (await shop.get<Payments>(`/payments?orderId=${orderId}`)).payments.flatMap(p => p.bankEntries.map(e => e.kind))

test('a deadline cancels what has no outcome, and a charge that comes after it is given back', async () => {
  await shop.setFaults('bank', { hang: true })
  const [event, mixed] = [await shop.post(mugs(1)), await shop.post(mugs(1), { style: 'mixed' })]
  assert.deepEqual([event.status, mixed.status, mixed.body.status], [201, 202, 'paying'])
  await shop.killAndRestart('order')
  for (const { body } of [event, mixed]) {
    const order = await shop.untilFinal(body.orderId)
    assert.deepEqual([order.status, order.reason], ['cancelled', 'timed-out'])
  }
  await shop.setFaults('bank', {})
  await shop.assertInvariants()
  const entries = await bankEntries(event.body.orderId)
  assert.deepEqual(entries, ['charge', 'refund'], 'the late charge')
})

test('a deadline passes while Order is down: it fires at the start, and what came late is undone', async () => {
  await shop.setFaults('bank', { hang: true })
  const { body } = await shop.post(mugs(1))
  const { orderId } = body
  await shop.do('stop', 'order')
  const deadline = Date.now() + deadlineMs
  await shop.until('the deadline passed', () => Date.now() > deadline)
  await shop.do('start', 'order')
  await shop.untilReady('order')
  const order = await shop.untilFinal(orderId)
  assert.deepEqual([order.status, order.reason], ['cancelled', 'timed-out'])
  await shop.setFaults('bank', {})
  await shop.assertInvariants()
  assert.deepEqual(await bankEntries(orderId), ['charge', 'refund'])
})
