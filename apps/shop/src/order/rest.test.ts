import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import type { ServiceContext } from '../kit/service.ts'
import { now, silent, testPlace } from '../kit/testing.ts'
import { type OrderTables, openOrderDatabase } from './database.ts'
import { takeIn } from './intake.ts'
import { readOrder } from './queries.ts'
import { cancelInterrupted, cancelInterruptedOrder, finish, fulfilByCalls, reopen } from './rest.ts'
import { CarefulCalls } from './rest-hardened.ts'

const database = await openOrderDatabase(testPlace())
let answers: Record<string, { status: number; body: unknown }>
/** Happens while a call of this path is under way. */
let meanwhile: Record<string, () => Promise<void>>
let calls: { path: string; attempt: number | undefined }[]
const peers = createServer(async (request, response) => {
  const path = request.url ?? ''
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  calls.push({ path, attempt: (JSON.parse(String(Buffer.concat(chunks))) as { attempt?: number }).attempt })
  await meanwhile[path]?.()
  const { status, body } = answers[path] ?? { status: 404, body: {} }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})
await new Promise<void>(resolve => peers.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(peers.address() as AddressInfo).port}`
after(async () => {
  peers.close()
  peers.closeAllConnections()
  await database.destroy()
})

beforeEach(() => {
  meanwhile = {}
  calls = []
  answers = {
    '/charges': { status: 200, body: { outcome: 'charged', paymentId: 'p', bankReference: 'b' } },
    '/reservations': { status: 200, body: { outcome: 'reserved', reservationId: 'r' } },
    '/mails': { status: 200, body: { sent: true } },
    '/refunds': { status: 200, body: { undone: true } },
    '/releases': { status: 200, body: { undone: true } },
  }
})

const context = {
  database,
  logger: silent,
  now: () => now,
  instanceName: 'order',
  settings: { urls: { payment: url, inventory: url, notification: url } },
} as unknown as ServiceContext<OrderTables>

async function place(style: 'rest' | 'rest-hardened' = 'rest') {
  const request = { customerId: 'c', items: [{ sku: 'mug', quantity: 1 }] }
  const { order } = await takeIn(database, {
    request,
    style,
    key: undefined,
    traceparent: '',
    owner: 'order',
    deadline: now,
    now,
  })
  return order
}
const fulfil = (order: Awaited<ReturnType<typeof place>>, attempt = 1) =>
  fulfilByCalls(context, { order, attempt, traceparent: '' })
const paths = () => calls.map(call => call.path)

test('three calls in turn, and the order is confirmed', async () => {
  const order = await place()
  assert.deepEqual(await fulfil(order), { status: 'confirmed' })
  assert.deepEqual(paths(), ['/charges', '/reservations', '/mails'])
})

test('the first refusal ends the chain, and what was done is called back', async () => {
  answers['/reservations'] = { status: 200, body: { outcome: 'rejected', missing: [] } }
  const { status, reason, unavailable } = await fulfil(await place())
  assert.deepEqual([status, reason, unavailable], ['cancelled', 'out-of-stock', undefined])
  assert.deepEqual(paths().slice(0, 2), ['/charges', '/reservations'])
  assert.deepEqual(paths().slice(2).sort(), ['/refunds', '/releases'])
})

test('a service that fails cancels the order and is named; an undo that fails too stays in the history', async () => {
  answers['/mails'] = { status: 500, body: {} }
  answers['/refunds'] = { status: 500, body: {} }
  const order = await place()
  const { status, reason, unavailable } = await fulfil(order)
  assert.deepEqual([status, reason, unavailable], ['cancelled', 'notification-unavailable', 'notification'])
  const history = (await readOrder(database, order.orderId))?.history ?? []
  assert.equal(history.find(entry => entry.what === 'refund')?.detail, 'payment answered 500')
  assert.equal(history.find(entry => entry.what === 'release')?.detail, 'done')
})

test('a further try is the same order, one attempt on', async () => {
  answers['/reservations'] = { status: 500, body: {} }
  const order = await place()
  await fulfil(order)
  answers['/reservations'] = { status: 200, body: { outcome: 'reserved', reservationId: 'r' } }
  const attempt = await reopen(database, { orderId: order.orderId, owner: 'order', now })
  calls = []
  assert.equal((await fulfil(order, attempt)).status, 'confirmed')
  assert.deepEqual(calls.slice(0, 2), [
    { path: '/charges', attempt: 2 },
    { path: '/reservations', attempt: 2 },
  ])
})

test('at start, an order that died with its process is called back and cancelled', async () => {
  const order = await place()
  await cancelInterrupted(context)
  const found = await readOrder(database, order.orderId)
  assert.deepEqual([found?.status, found?.reason], ['cancelled', 'interrupted'])
  assert.deepEqual(paths().sort(), ['/refunds', '/releases'])
})

for (const style of ['rest', 'rest-hardened'] as const) {
  test(`${style}: a result that comes after the deadline has cancelled the order changes nothing`, async () => {
    const order = await place(style)
    const { orderId } = order
    // The last of the calls that are waited for.
    meanwhile[style === 'rest' ? '/mails' : '/reservations'] = () =>
      cancelInterruptedOrder(context, { order_id: orderId, attempt: 1, style })
    const round = { order, attempt: 1, traceparent: '' }
    const calling = style === 'rest' ? fulfilByCalls(context, round) : new CarefulCalls(context).fulfil(round)
    await assert.rejects(calling, { status: 503, message: /cancelled meanwhile/ })
    const found = await readOrder(database, orderId)
    assert.deepEqual([found?.status, found?.reason], ['cancelled', 'interrupted'])
    assert.ok(!found?.history.some(({ what }) => what === 'confirmed'))
  })
}

test('an order that is confirmed while its deadline fires keeps what it has paid for', async () => {
  const order = await place()
  await fulfil(order)
  calls = []
  await cancelInterruptedOrder(context, { order_id: order.orderId, attempt: 1, style: 'rest' })
  assert.deepEqual(paths(), [])
  assert.equal((await readOrder(database, order.orderId))?.status, 'confirmed')
})

test('a result of an earlier attempt does not decide the later one', async () => {
  const order = await place()
  const { orderId } = order
  await cancelInterruptedOrder(context, { order_id: orderId, attempt: 1, style: 'rest' })
  await reopen(database, { orderId, owner: 'order', now })
  const decide = (attempt: number) =>
    database.transaction().execute(tx => finish(tx, { orderId, attempt }, { status: 'confirmed' }, now))
  assert.deepEqual([await decide(1), await decide(2), await decide(2)], [false, true, false])
})
