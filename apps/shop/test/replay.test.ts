/** A service that joins later, a read model built anew, replays that do nothing twice, instances, and one order's trace. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Totals } from '../src/contracts/http.ts'
import type { SpanView } from '../src/contracts/operations.ts'
import type { Snapshot } from '../src/stage/snapshot.ts'
import { mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

const place = async (orders: number) => {
  const answers = await Promise.all(
    Array.from({ length: orders }, (_, n) => shop.post(mugs(1 + (n % 3)), { style: n % 4 === 0 ? 'mixed' : 'events' })),
  )
  for (const { status } of answers) assert.ok(status === 201 || status === 202, String(status))
  return answers.map(({ body }) => body.orderId)
}
const bookOf = ({ processes }: Snapshot, name: string) => {
  const process = processes.find(candidate => candidate.name === name)
  return process?.status?.books ?? process?.simulator?.books ?? {}
}
async function assertBalanced(): Promise<Snapshot> {
  const snapshot = await shop.untilAtRest()
  for (const check of snapshot.checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)
  return snapshot
}

test('Analytics is added while the shop runs, reads from the first order on, and agrees with Order', async () => {
  await place(20)
  await shop.post({ customerId: 'c', items: [{ sku: 'desk', quantity: 1 }] })
  await shop.post({ customerId: 'c', items: [{ sku: 'print', quantity: 9 }] })
  await assertBalanced()
  await shop.do('start', 'analytics')
  await shop.untilReady('analytics')
  await place(5)
  const snapshot = await assertBalanced()
  assert.ok(snapshot.checks.some(({ name }) => /Analytics/.test(name)))
  const totals = await shop.get<Totals>('/totals')
  assert.deepEqual(totals.orders, { created: 27, confirmed: 25, cancelled: 2 })
  assert.equal(totals.revenue, bookOf(snapshot, 'order')['logged.confirmed.total'])
})

test('a read model that is dropped and built anew is what it was', async () => {
  const before = await shop.get<Totals>('/totals')
  await shop.operate('analytics/rebuild')
  await shop.untilAtRest()
  assert.deepEqual(await shop.get<Totals>('/totals'), before)
  await assert.rejects(shop.operate('payment/rebuild'), /409/)
})

test('a replay from the beginning sends no mail, moves no money and takes no stock', async () => {
  const before = await assertBalanced()
  for (const service of ['payment', 'inventory', 'notification', 'order'] as const) {
    await shop.operate(`${service}/replay`, {})
    await shop.until(`${service} has read again`, ({ processes }) =>
      processes.some(({ name, status }) => name === service && (status?.consumer.repeated ?? 0) >= 27),
    )
  }
  const afterwards = await assertBalanced()
  for (const name of ['bank', 'mail', 'inventory', 'order', 'payment', 'notification']) {
    assert.deepEqual(bookOf(afterwards, name), bookOf(before, name), name)
  }
  assert.equal(afterwards.events, before.events, 'and nothing new is in the log')
})

test('instances of every service come and go under load, and share the work', async () => {
  const busy = place(60)
  await Promise.all((['inventory', 'notification', 'order'] as const).map(service => shop.scale(service, 2)))
  await shop.scale('payment', 4)
  const orders = [...(await busy), ...(await place(60))]
  orders.push(...(await place(60)))
  await Promise.all((['payment', 'inventory', 'notification', 'order'] as const).map(service => shop.scale(service, 1)))
  for (const orderId of orders) assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
  const { processes } = await assertBalanced()
  assert.deepEqual(
    processes.map(({ name }) => name).filter(name => /\d/.test(name)),
    [],
  )
})

test('a service that hangs is away, and goes on where it was; a slow one only takes longer', async () => {
  await shop.do('hang', 'inventory')
  const orders = await place(5)
  await shop.until('Inventory hung', ({ processes }) =>
    processes.some(p => p.name === 'inventory' && p.hung && !p.answering),
  )
  await shop.do('resume', 'inventory')
  await shop.setSpeed('payment', 30)
  orders.push(...(await place(5)))
  for (const orderId of orders) assert.equal((await shop.untilFinal(orderId)).status, 'confirmed')
  await shop.setSpeed('payment', 100)
  await assertBalanced()
})

test('the trace of an order has every service in it, in one tree', async () => {
  type Trace = { traceId: string; spans: SpanView[]; missing: string[] }
  for (const style of ['events', 'rest', 'rest-hardened', 'mixed'] as const) {
    const { body } = await shop.post(mugs(1), { style })
    await shop.untilFinal(body.orderId)
    await shop.untilAtRest()
    const trace = await shop.get<Trace>(`/orders/${body.orderId}/trace`)
    assert.match(trace.traceId, /^[0-9a-f]{32}$/)
    assert.deepEqual(trace.missing, [])
    const services = new Set(trace.spans.map(span => span.service))
    for (const service of ['order', 'payment', 'inventory', 'notification']) assert.ok(services.has(service), service)
    const ids = new Set(trace.spans.map(span => span.spanId))
    const roots = trace.spans.filter(span => span.parentId === null || !ids.has(span.parentId))
    assert.deepEqual(
      roots.map(span => span.name),
      [`POST /orders?style=${style}`],
    )
  }
})

test('a customer who is erased is unreadable everywhere; orders, totals and replays stay as they are', async () => {
  const shippingAddress = '12 Ink Lane'
  const { body } = await shop.post({ ...mugs(1, 'erasmus'), shippingAddress })
  await shop.untilFinal(body.orderId)
  const before = await assertBalanced()
  assert.equal((await shop.order(body.orderId)).shippingAddress, shippingAddress)
  const totals = await shop.get<Totals>('/totals')
  const erase = async () => (await fetch(`${shop.url}/customers/erasmus`, { method: 'DELETE' })).json()
  assert.deepEqual(await erase(), { erased: true })
  assert.deepEqual(await erase(), { erased: false })
  assert.equal((await shop.order(body.orderId)).shippingAddress, null)
  await assertBalanced()
  assert.equal(bookOf(await shop.get<Snapshot>('/stage/snapshot'), 'notification').customersWithKey, 0)
  const files = readdirSync(shop.dataDirectory, { recursive: true, withFileTypes: true })
  const found = files
    .filter(file => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes(shippingAddress))
    .map(file => file.name)
  assert.deepEqual(found, [], 'no file of the shop, the broker’s log among them, has ever held the address itself')
  await shop.operate('analytics/rebuild')
  await shop.operate('notification/replay', {})
  const afterwards = await assertBalanced()
  assert.deepEqual(await shop.get<Totals>('/totals'), totals)
  assert.deepEqual(bookOf(afterwards, 'mail'), bookOf(before, 'mail'), 'no second mail')
})
