/** What a user sees of the shop, with real processes and a real broker: both styles, refusals, repeats, and neighbours that are down. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Producer } from '@platformatic/kafka'
import type { OrderDetail } from '../src/contracts/http.ts'
import type { Snapshot } from '../src/stage/snapshot.ts'
import { mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

type Stock = { available: number; reserved: number; initial: number }
type Payments = { payments: { status: string; amount: number; bankEntries: { kind: string }[] }[] }
type Mails = { notifications: { template: string }[] }

const stockOf = (sku: string) => shop.get<Stock>(`/stock/${sku}`)
const bankEntries = async (orderId: string) =>
  (await shop.get<Payments>(`/payments?orderId=${orderId}`)).payments.flatMap(p =>
    p.bankEntries.map(entry => entry.kind),
  )
const mails = async (orderId: string) =>
  (await shop.get<Mails>(`/notifications?orderId=${orderId}`)).notifications.map(mail => mail.template).sort()
const heard = (order: OrderDetail) => order.history.map(entry => `${entry.service} ${entry.what}`)

test('event style: 201 once the log has the order, then everyone reacts, and it ends confirmed', async () => {
  const before = await stockOf('mug')
  const { status, body } = await shop.post(mugs(2))
  assert.equal(status, 201)
  assert.equal(body.status, 'pending')
  const order = await shop.untilFinal(body.orderId)
  assert.equal(order.status, 'confirmed')
  assert.equal(order.total, 2580)
  await shop.untilAtRest()
  assert.equal((await stockOf('mug')).available, before.available - 2)
  assert.deepEqual(await bankEntries(body.orderId), ['charge'])
  assert.deepEqual(await mails(body.orderId), ['order-confirmed', 'order-received'])
  const history = heard(await shop.order(body.orderId))
  for (const entry of [
    'order stored',
    'log acknowledged',
    'payment charged',
    'inventory reserved',
    'order confirmed',
  ]) {
    assert.ok(history.includes(entry), `${entry} in ${history}`)
  }
})

test('REST style: the customer waits for all three calls and gets the outcome', async () => {
  const { status, body } = await shop.post(mugs(1), { style: 'rest' })
  assert.deepEqual([status, body.status], [201, 'confirmed'])
  const order = await shop.order(body.orderId)
  assert.deepEqual(heard(order), [
    'order stored',
    'payment charge',
    'inventory reserve',
    'notification notify',
    'order confirmed',
  ])
  assert.deepEqual(await bankEntries(body.orderId), ['charge'])
})

for (const style of ['events', 'rest'] as const) {
  test(`${style}: out of stock cancels the order, and the money goes back`, async () => {
    const { body } = await shop.post({ customerId: 'c', items: [{ sku: 'print', quantity: 4 }] }, { style })
    const order = await shop.untilFinal(body.orderId)
    assert.deepEqual([order.status, order.reason], ['cancelled', 'out-of-stock'])
    await shop.untilAtRest()
    assert.deepEqual(await bankEntries(body.orderId), ['charge', 'refund'])
    assert.equal((await stockOf('print')).available, 3)
  })

  test(`${style}: a declined payment cancels the order, and the stock goes back`, async () => {
    const { body } = await shop.post({ customerId: 'c', items: [{ sku: 'desk', quantity: 1 }] }, { style })
    const order = await shop.untilFinal(body.orderId)
    assert.deepEqual([order.status, order.reason], ['cancelled', 'payment-declined'])
    await shop.untilAtRest()
    assert.deepEqual(await bankEntries(body.orderId), [])
    const { initial, available } = await stockOf('desk')
    assert.equal(available, initial)
  })

  test(`${style}: the same Idempotency-Key gets the same answer and makes one order; another body is refused`, async () => {
    const key = `key-${style}`
    const answers = [await shop.post(mugs(1), { style, key }), await shop.post(mugs(1), { style, key })]
    assert.deepEqual(answers[1]?.body, answers[0]?.body)
    assert.equal(answers[1]?.status, 201)
    assert.equal(answers[1]?.headers.get('idempotency-replayed'), 'true')
    const other = await shop.post(mugs(2), { style, key })
    assert.deepEqual([other.status, other.body.errors?.[0]?.field], [422, 'headers.idempotency-key'])
    const parallel = await Promise.all(
      Array.from({ length: 4 }, () => shop.post(mugs(3), { style, key: `${key}-parallel` })),
    )
    const made = parallel.filter(answer => answer.status === 201)
    assert.equal(new Set(made.map(answer => answer.body.orderId)).size, 1)
    for (const { status } of parallel) assert.ok(status === 201 || (style === 'rest' && status === 409), String(status))
    await shop.untilFinal(made[0]!.body.orderId)
    await shop.untilAtRest()
    assert.deepEqual(await bankEntries(made[0]!.body.orderId), ['charge'])
  })
}

test('bad input is a 422 problem document that names the field', async () => {
  const cases: [unknown, string][] = [
    [{ items: [{ sku: 'mug', quantity: 1 }] }, 'customerId'],
    [{ customerId: 'c', items: [] }, 'items'],
    [{ customerId: 'c', items: [{ sku: 'mug', quantity: -1 }] }, 'items[0].quantity'],
    [{ customerId: 'c', items: [{ sku: 'mug', quantity: '1' }] }, 'items[0].quantity'],
    [{ customerId: 'c', items: [{ sku: 'unicorn', quantity: 1 }] }, 'items[0].sku'],
    [{ customerId: 'c', items: [{ sku: 'mug', quantity: 1 }], coupon: 'x' }, 'coupon'],
    [[], 'body'],
  ]
  for (const [body, field] of cases) {
    const answer = await shop.post(body)
    assert.equal(answer.status, 422, field)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal(answer.body.errors?.[0]?.field, field)
  }
  const style = await fetch(`${shop.url}/orders?style=post`, { method: 'POST' })
  assert.equal(style.status, 422)
})

test('the OpenAPI document describes every public route', async () => {
  type Operation = {
    parameters?: { in: string; name: string }[]
    responses: Record<string, { content: object }>
  }
  const document = await shop.get<{ openapi: string; paths: Record<string, { get?: Operation; post?: Operation }> }>(
    '/openapi.json',
  )
  const answers = document.paths['/orders']?.post?.responses ?? {}
  assert.deepEqual(Object.keys(answers), ['201', '202', '402', '409', '422', '503'])
  assert.deepEqual(Object.keys(answers['422']?.content ?? {}), ['application/problem+json'])
  for (const path of [
    '/orders',
    '/orders/{orderId}',
    '/stock',
    '/stock/{sku}',
    '/payments',
    '/notifications',
    '/totals',
  ]) {
    const { parameters = [], responses } = document.paths[path]?.get ?? { responses: {} }
    const headers = parameters.filter(parameter => parameter.in === 'header').map(({ name }) => name)
    assert.deepEqual(headers.sort(), ['at-least', 'prefer'], path)
    assert.ok('504' in responses, path)
  }
  assert.match(document.openapi, /^3\.1/)
  const ofServices = (path: string) => path.startsWith('/services/')
  const operated = Object.keys(document.paths).filter(path => path.startsWith('/services/payment/'))
  assert.ok(operated.includes('/services/payment/parked/{eventId}/skip'), operated.join())
  assert.deepEqual(
    Object.keys(document.paths)
      .filter(path => !ofServices(path))
      .sort(),
    [
      '/customers/{customerId}',
      '/notifications',
      '/orders',
      '/orders/{orderId}',
      '/orders/{orderId}/trace',
      '/payments',
      '/products',
      '/stock',
      '/stock/{sku}',
      '/totals',
    ],
  )
})

test('other sites in the user’s browser can not press the buttons', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' }
  const response = await fetch(`${shop.url}/stage/processes/payment/kill`, { method: 'POST', headers })
  assert.equal(response.status, 403)
})

test('Notification down: orders are taken and confirmed as ever, and its mails arrive later, once each', async () => {
  await shop.do('stop', 'notification')
  const answers = await Promise.all(Array.from({ length: 10 }, () => shop.post(mugs(1))))
  for (const { status, body } of answers) {
    assert.equal(status, 201)
    assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  }
  await shop.until('its lag shown', ({ processes }) =>
    processes.some(p => p.name === 'notification' && (p.lag ?? 0) >= 10),
  )
  await shop.do('start', 'notification')
  await shop.untilReady('notification')
  await shop.untilAtRest()
  for (const { body } of answers) assert.deepEqual(await mails(body.orderId), ['order-confirmed', 'order-received'])
})

test('Payment down: REST fails at once, events wait for it; a retry of the REST order succeeds and charges once', async () => {
  await shop.do('stop', 'payment')
  const key = 'payment-was-down'
  const failed = await shop.post(mugs(1), { style: 'rest', key })
  assert.deepEqual([failed.status, failed.body.detail], [503, 'payment did not answer, so the order is cancelled.'])
  assert.equal((await shop.order(failed.body.orderId)).status, 'cancelled')
  const waiting = await shop.post(mugs(1))
  assert.equal(waiting.status, 201)
  assert.equal((await shop.order(waiting.body.orderId)).status, 'pending')

  await shop.do('start', 'payment')
  await shop.untilReady('payment')
  assert.equal((await shop.untilFinal(waiting.body.orderId)).status, 'confirmed')
  const retried = await shop.post(mugs(1), { style: 'rest', key })
  assert.deepEqual([retried.status, retried.body.status, retried.body.orderId], [201, 'confirmed', failed.body.orderId])
  assert.deepEqual(await bankEntries(failed.body.orderId), ['charge'])
})

test('Inventory down: a REST order is paid, cancelled and paid back; its retry pays again and is paid once', async () => {
  await shop.do('stop', 'inventory')
  const key = 'inventory-was-down'
  const failed = await shop.post(mugs(1), { style: 'rest', key })
  assert.equal(failed.status, 503)
  assert.deepEqual(await bankEntries(failed.body.orderId), ['charge', 'refund'])
  await shop.do('start', 'inventory')
  await shop.untilReady('inventory')
  const retried = await shop.post(mugs(1), { style: 'rest', key })
  assert.deepEqual([retried.status, retried.body.status], [201, 'confirmed'])
  assert.deepEqual(await bankEntries(failed.body.orderId), ['charge', 'refund', 'charge'])
})

test('a record that nobody can decode goes to the dead letters, and the orders behind it flow', async () => {
  const { brokers } = await shop.get<Snapshot>('/stage/snapshot')
  const producer = new Producer({ clientId: 'stranger', bootstrapBrokers: brokers.split(',') })
  const value = Buffer.from('not an event')
  await producer.send({ messages: [0, 1, 2, 3].map(partition => ({ topic: 'orders', partition, value })) })
  await producer.close()
  const { body } = await shop.post(mugs(1))
  assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  for (const name of ['payment', 'inventory', 'notification']) {
    await shop.until(`four dead letters of ${name}`, ({ processes }) =>
      processes.some(process => process.name === name && process.status?.setAside.deadLetters === 4),
    )
  }
  type Letters = { letters: { id: string; position: string; error: string }[]; open: number }
  const { letters } = await shop.get<Letters>('/services/payment/dead-letters')
  assert.deepEqual(
    letters.map(letter => letter.error),
    Array(4).fill('header ce_type is missing'),
  )
  const id = letters[0]!.id
  assert.equal((await shop.get<{ value: string }>(`/services/payment/dead-letters/${id}`)).value, 'not an event')
  await assert.rejects(
    shop.operate(`payment/dead-letters/${id}/retry`),
    /422.*still can not be decoded: header ce_type/,
  )
  await shop.operate(`payment/dead-letters/${id}/skip`, { reason: 'sent by a test' })
  assert.equal((await shop.get<Letters>('/services/payment/dead-letters')).open, 3)
})

test('Order down: the gateway says so, and says what to do', async () => {
  await shop.do('stop', 'order')
  const answer = await shop.post(mugs(1))
  assert.equal(answer.status, 503)
  assert.match(answer.body.detail ?? '', /order service.*Idempotency-Key/)
  await shop.do('start', 'order')
  await shop.untilReady('order')
})

test('the broker down: orders are kept (202, stored) and confirmed when it is back', {
  skip: shop.ownBroker ? false : 'the broker is not ours to stop',
}, async () => {
  await shop.do('stop', 'broker')
  const kept = await shop.post(mugs(1))
  assert.deepEqual([kept.status, kept.body.status], [202, 'stored'])
  assert.equal((await shop.order(kept.body.orderId)).status, 'stored')
  const rest = await shop.post(mugs(1), { style: 'rest' })
  assert.equal(rest.body.status, 'confirmed', 'REST needs no broker')
  await shop.do('start', 'broker')
  assert.equal((await shop.untilFinal(kept.body.orderId)).status, 'confirmed')
})

test('after all of this the books balance', async () => {
  const { checks } = await shop.untilAtRest()
  for (const check of checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)
})
