import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Style } from '../contracts/http.ts'
import type { HttpProblem } from '../kit/problem.ts'
import { now, testPlace } from '../kit/testing.ts'
import { openOrderDatabase } from './database.ts'
import { takeIn } from './intake.ts'
import { readOrder, readOrders } from './queries.ts'

const database = await openOrderDatabase(testPlace())
after(() => database.destroy())

const take = (options: { sku?: string; quantity?: number; key?: string; style?: Style } = {}) =>
  takeIn(database, {
    request: { customerId: 'c', items: [{ sku: options.sku ?? 'mug', quantity: options.quantity ?? 2 }] },
    style: options.style ?? 'events',
    key: options.key,
    traceparent: '',
    owner: 'order',
    deadline: now,
    now,
  })
const events = () => database.selectFrom('outbox').selectAll().execute()

test('an order and its event are stored together, priced in minor units', async () => {
  const { order, eventId } = await take()
  assert.equal(order.total, 2580)
  const stored = (await events()).filter(event => event.subject === order.orderId)
  assert.deepEqual(
    stored.map(event => [event.id, event.type, JSON.parse(event.data)]),
    [[eventId, 'shop.order.created.v2', order]],
  )
  assert.equal((await readOrder(database, order.orderId))?.status, 'stored', 'until the log has it')
})

test('an unknown product names its field and stores nothing', async () => {
  const before = (await readOrders(database, { limit: 100 })).orders.length
  await assert.rejects(
    take({ sku: 'unicorn' }),
    (error: HttpProblem) => error.status === 422 && error.extra.errors?.[0]?.field === 'items[0].sku',
  )
  assert.equal((await readOrders(database, { limit: 100 })).orders.length, before)
})

test('the same key makes one order, also when the requests are parallel', async () => {
  const intakes = await Promise.all(Array.from({ length: 5 }, () => take({ key: 'k1' })))
  assert.deepEqual(intakes.map(intake => intake.claim.kind).sort(), [
    'answered',
    'answered',
    'answered',
    'answered',
    'new',
  ])
  const [made] = intakes.filter(intake => intake.claim.kind === 'new')
  for (const { claim } of intakes) if (claim.kind === 'answered') assert.equal(claim.resourceId, made?.order.orderId)
  assert.equal((await take({ key: 'k1', quantity: 3 })).claim.kind, 'other-request')
  assert.equal((await take({ key: 'k1', style: 'rest' })).claim.kind, 'other-request')
})

test('in REST style nothing is published, and the key stays in flight until the calls are over', async () => {
  const { order } = await take({ style: 'rest', key: 'k2' })
  assert.equal((await events()).filter(event => event.subject === order.orderId).length, 0)
  assert.equal((await take({ style: 'rest', key: 'k2' })).claim.kind, 'in-flight')
})

test('pages of orders join without gap or repeat, the newest first', async () => {
  const all = (await readOrders(database, { limit: 100 })).orders.map(order => order.orderId)
  const paged: string[] = []
  let before: string | undefined
  do {
    const page = await readOrders(database, { limit: 2, before })
    paged.push(...page.orders.map(order => order.orderId))
    before = page.next
  } while (before !== undefined)
  assert.deepEqual(paged, all)
  assert.deepEqual(all, [...all].sort().reverse())
})
