/**
 * Scenarios 2 to 4, 8, 24, 30 and 31: processes that die or hang at a chosen moment, with nothing in them that knows of it. Each
 * ends with the invariants.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

type Payments = { payments: { bankEntries: { kind: string }[] }[] }
const entriesOf = async (orderId: string) =>
  (await shop.get<Payments>(`/payments?orderId=${orderId}`)).payments.flatMap(p => p.bankEntries.map(e => e.kind))
const place = async () => {
  const { status, body } = await shop.post(mugs(1))
  assert.ok(status === 201 || status === 202, String(status))
  return body.orderId
}
const needsOwnBroker = { skip: shop.ownBroker ? false : 'the broker is not ours to stop' }

test('2: Payment dies between the bank’s charge and its own commit: one charge', async () => {
  // The bank books at the end of its delay and answers at once: until then Payment waits, and it dies while it waits.
  await shop.setFaults('bank', { delayMs: 700 })
  const orders = await Promise.all([place(), place(), place()])
  for (let kill = 0; kill < 2; kill += 1) await shop.killAndRestart('payment')
  await shop.setFaults('bank', {})
  for (const orderId of orders) {
    assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
    assert.deepEqual(await entriesOf(orderId), ['charge'])
  }
  await shop.assertInvariants()
})

test(
  '3: Inventory dies after its commit, before its offset is committed: one reservation',
  needsOwnBroker,
  async () => {
    const before = (await shop.get<{ available: number }>('/stock/mug')).available
    // Its effect is in the database while the broker that would take the offset hangs.
    const orderId = await place()
    await shop.until('the stock reserved', ({ processes }) =>
      processes.some(({ name, status }) => name === 'inventory' && (status?.done.reserved ?? 0) >= 4),
    )
    await shop.do('hang', 'broker')
    await shop.killAndRestart('inventory', () => shop.do('resume', 'broker'))
    assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
    await shop.assertInvariants()
    assert.equal((await shop.get<{ available: number }>('/stock/mug')).available, before - 1)
  },
)

test(
  '4: Order dies between its transaction and the log: the event comes after the restart, once',
  needsOwnBroker,
  async () => {
    await shop.do('stop', 'broker')
    const { status, body } = await shop.post(mugs(1))
    assert.deepEqual([status, body.status], [202, 'stored'])
    await shop.killAndRestart('order', () => shop.do('start', 'broker'))
    assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
    await shop.assertInvariants()
  },
)

test(
  '8: the broker hangs: orders are kept, nobody waits for it, and all of them are fulfilled',
  needsOwnBroker,
  async () => {
    await shop.do('hang', 'broker')
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.post(mugs(1))))
    for (const { status } of answers) assert.equal(status, 202)
    const rest = await shop.post(mugs(1), { style: 'rest' })
    assert.equal(rest.body.status, 'confirmed', 'REST needs no broker')
    await shop.do('resume', 'broker')
    for (const { body } of answers) assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
    await shop.assertInvariants()
  },
)

test('24: a zombie wakes up after its partitions have gone to another: no effect twice', async () => {
  await shop.scale('payment', 2)
  await shop.setFaults('bank', { delayMs: 300 })
  const orders = await Promise.all(Array.from({ length: 8 }, place))
  await shop.do('hang', 'payment')
  // The other instance takes all partitions once the session of the hung one is over.
  for (const orderId of orders) assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
  await shop.do('resume', 'payment')
  await shop.setFaults('bank', {})
  orders.push(await place())
  for (const orderId of orders) {
    assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
    assert.deepEqual(await entriesOf(orderId), ['charge'])
  }
  await shop.scale('payment', 1)
  await shop.assertInvariants()
})

test('30: a graceful stop under load loses nothing and repeats nothing', async () => {
  const answers = Array.from({ length: 60 }, () => shop.post(mugs(1)).catch(() => undefined))
  await shop.do('stop', 'order')
  await shop.do('start', 'order')
  await shop.untilReady('order')
  for (const answer of await Promise.all(answers)) {
    if (answer === undefined || answer.status === 503) continue // Never taken in.
    assert.ok(answer.status === 201 || answer.status === 202, String(answer.status))
    assert.equal((await shop.untilFinal(answer.body.orderId)).status, 'confirmed')
  }
  await shop.assertInvariants()
})

test('31: a service that waits for its broker is alive and not ready', needsOwnBroker, async () => {
  await shop.do('stop', 'broker')
  await shop.do('stop', 'payment')
  await shop.do('start', 'payment')
  const waiting = await shop.until('Payment answering', ({ processes }) =>
    processes.some(({ name, answering }) => name === 'payment' && answering),
  )
  assert.equal(waiting.processes.find(({ name }) => name === 'payment')?.status?.ready, false)
  await shop.do('start', 'broker')
  await shop.untilReady('payment')
  await shop.assertInvariants()
})
