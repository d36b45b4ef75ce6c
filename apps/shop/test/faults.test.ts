/** Neighbours that are slow, failing, silent or stubborn: what each kind of failure does to the orders, and what mends it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { OrderDetail } from '../src/contracts/http.ts'
import type { ParkedKeyView } from '../src/contracts/operations.ts'
import type { Snapshot } from '../src/stage/snapshot.ts'
import { mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

type Listed = { keys: ParkedKeyView[]; events: number }
type Payments = { payments: { bankEntries: { kind: string }[] }[] }

const bankEntries = async (orderId: string) =>
  (await shop.get<Payments>(`/payments?orderId=${orderId}`)).payments.flatMap(p => p.bankEntries.map(e => e.kind))
const serviceIn = ({ processes }: Snapshot, name: string) =>
  processes.find(process => process.name === name)?.status ?? undefined
const untilParked = (service: string, keys: number) =>
  shop.until(`${keys} keys of ${service} parked`, snapshot => serviceIn(snapshot, service)?.setAside.keys === keys)
const place = async (): Promise<string> => {
  const { status, body } = await shop.post(mugs(1))
  assert.equal(status, 201)
  return body.orderId
}
async function assertBalanced(): Promise<void> {
  const { checks } = await shop.untilAtRest()
  for (const check of checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)
}

test('a bank that fails half of its calls by chance: every order is confirmed, and charged once', async () => {
  await shop.setFaults('bank', { failPercent: 50 })
  const orders = await Promise.all(Array.from({ length: 8 }, place))
  for (const orderId of orders) {
    assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
    assert.deepEqual(await bankEntries(orderId), ['charge'])
  }
  await shop.setFaults('bank', {})
  await assertBalanced()
})

test('a bank that is down stops Payment alone, parks nothing, and is caught up with when it is back', async () => {
  await shop.do('stop', 'bank')
  const orderId = await place()
  const stuck = await shop.until('Payment waits for the bank', snapshot =>
    /bank/.test(serviceIn(snapshot, 'payment')?.consumer.stuck?.error ?? ''),
  )
  assert.deepEqual(serviceIn(stuck, 'payment')?.setAside, { keys: 0, events: 0, deadLetters: 0 })
  await shop.until('Inventory is done', snapshot => (serviceIn(snapshot, 'inventory')?.done.reserved ?? 0) >= 9)
  await shop.do('start', 'bank')
  assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
  await assertBalanced()
})

test('mails that are refused park their orders alone, in order, also through a kill; a retry sends each once', async () => {
  await shop.setFaults('mail', { refusePercent: 100 })
  const orders = await Promise.all([place(), place()])
  for (const orderId of orders)
    assert.equal((await shop.untilFinal(orderId)).status, 'confirmed', 'nobody waits for mail')
  await shop.until(
    'both mails of both orders parked',
    snapshot => serviceIn(snapshot, 'notification')?.setAside.events === 4,
  )
  await shop.do('kill', 'notification')
  await shop.until('the kill noticed', ({ processes }) =>
    processes.some(p => p.name === 'notification' && p.crashes === 1),
  )
  await shop.untilReady('notification')

  const { keys, events } = await shop.get<Listed>('/services/notification/parked')
  assert.equal(events, 4)
  assert.deepEqual(
    keys.map(({ first, waiting }) => [first.type, first.error, waiting]),
    orders.map((_, index) => [
      'shop.order.created.v2',
      `mail refused the call (422): Order ${keys[index]?.first.subject} is refused.`,
      1,
    ]),
  )
  const path = `notification/parked/keys/${orders[0]}/retry`
  const failed = await shop.operate<{ done: number; failed: number }>(path)
  assert.deepEqual([failed.done, failed.failed], [0, 1])
  await shop.setFaults('mail', {})
  assert.deepEqual(await shop.operate('notification/parked/retry'), { done: 4, failed: 0 })
  for (const orderId of orders) {
    const mails = (await shop.get<{ notifications: { template: string }[] }>(`/notifications?orderId=${orderId}`))
      .notifications
    assert.deepEqual(mails.map(mail => mail.template).sort(), ['order-confirmed', 'order-received'])
  }
  await assertBalanced()
})

test('a parked event that is given up needs a reason, which is kept; those behind it go on', async () => {
  await shop.setFaults('mail', { refusePercent: 100 })
  const orderId = await place()
  await shop.untilFinal(orderId)
  await untilParked('notification', 1)
  await shop.setFaults('mail', {})
  const { keys } = await shop.get<Listed>('/services/notification/parked')
  const eventId = keys[0]?.first.eventId
  await assert.rejects(shop.operate(`notification/parked/${eventId}/skip`, { reason: ' ' }), /422.*reason/)
  const reason = 'the customer has been called'
  assert.equal((await shop.operate<{ failed: number }>(`notification/parked/${eventId}/skip`, { reason })).failed, 0)
  const { decisions } = await shop.get<{ decisions: { action: string; reference: string; detail: string }[] }>(
    '/services/notification/decisions',
  )
  assert.deepEqual([decisions[0]?.action, decisions[0]?.reference], ['skipped', eventId])
  assert.match(decisions[0]?.detail ?? '', /the customer has been called$/)
  await assertBalanced()
  const order = await shop.get<OrderDetail>(`/orders/${orderId}`)
  assert.deepEqual(
    order.history.filter(entry => entry.what === 'mailed').map(entry => entry.detail),
    ['order-confirmed'],
  )
})

test('a hung bank: Payment waits, the others go on, and nothing is lost when it is killed', async () => {
  await shop.setFaults('bank', { hang: true })
  const orderId = await place()
  await shop.until('Payment behind', ({ processes }) => processes.some(p => p.name === 'payment' && (p.lag ?? 0) > 0))
  await shop.do('kill', 'bank')
  assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
  assert.deepEqual(await bankEntries(orderId), ['charge'])
  await assertBalanced()
})
