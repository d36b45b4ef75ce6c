/** What the hardened and the mixed style promise beyond the two plain ones, and the consistency token, on a whole shop. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Style } from '../src/contracts/http.ts'
import { type Answer, mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

type Payments = { payments: { status: string; bankEntries: { kind: string }[] }[] }
const bankEntries = async (orderId: string) =>
  (await shop.get<Payments>(`/payments?orderId=${orderId}`)).payments.flatMap(p => p.bankEntries.map(e => e.kind))
const heard = async (orderId: string) =>
  (await shop.order(orderId)).history.map(entry => `${entry.service} ${entry.what}`)
const desk = { customerId: 'c', items: [{ sku: 'desk', quantity: 1 }] }
const prints = { customerId: 'c', items: [{ sku: 'print', quantity: 4 }] }

/** These styles give up what takes too long (503, or 202 and later): on a busy machine an order may have to be placed again. */
async function answeredInTime(order: unknown, style: Style): Promise<Answer> {
  for (;;) {
    const answer = await shop.post(order, { style })
    if (answer.status !== 503 && answer.status !== 202) return answer
  }
}

async function assertBalanced(): Promise<void> {
  const { checks } = await shop.untilAtRest()
  for (const check of checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)
}

test('rest-hardened: payment and stock at the same time, the mail not waited for', async () => {
  const { status, body } = await answeredInTime(mugs(1), 'rest-hardened')
  assert.deepEqual([status, body.status], [201, 'confirmed'])
  const history = await heard(body.orderId)
  assert.ok(history.includes('payment charge') && history.includes('inventory reserve'), history.join())
  assert.deepEqual(await bankEntries(body.orderId), ['charge'])
})

test('rest-hardened: a bank that fails half of its calls is asked again, and charges once', async () => {
  await shop.setFaults('bank', { failPercent: 50 })
  const answers = await Promise.all(Array.from({ length: 6 }, () => shop.post(mugs(1), { style: 'rest-hardened' })))
  await shop.setFaults('bank', {})
  await assertBalanced()
  for (const { status, body } of answers) {
    assert.ok(status === 201 || status === 503, String(status))
    const entries = await bankEntries(body.orderId)
    assert.deepEqual(entries.slice(0, 1), status === 201 ? ['charge'] : entries.slice(0, 1))
  }
})

test('rest-hardened: out of stock is undone durably, also when Payment is killed before it can refund', async () => {
  const { body } = await answeredInTime(prints, 'rest-hardened')
  assert.equal(body.status, 'cancelled')
  await assertBalanced()
  assert.deepEqual(await bankEntries(body.orderId), ['charge', 'refund'])
  await shop.setFaults('bank', { delayMs: 5000 })
  const late = await shop.post(mugs(1), { style: 'rest-hardened' })
  assert.equal(late.status, 503)
  await shop.setFaults('bank', {})
  await shop.do('kill', 'payment')
  await assertBalanced()
  const entries = await bankEntries(late.body.orderId)
  assert.equal(entries.filter(kind => kind === 'charge').length, entries.filter(kind => kind === 'refund').length)
})

test('mixed: the payment inline, the rest as events', async () => {
  const { status, body } = await answeredInTime(mugs(1), 'mixed')
  assert.deepEqual([status, body.status], [201, 'pending'])
  assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  await assertBalanced()
  assert.deepEqual(await bankEntries(body.orderId), ['charge'])
  const history = await heard(body.orderId)
  for (const entry of [
    'order stored',
    'payment charged (inline)',
    'order begun',
    'inventory reserved',
    'order confirmed',
  ]) {
    assert.ok(history.includes(entry), `${entry} in ${history}`)
  }
})

test('mixed: declined is 402 at once, and again for the same key', async () => {
  for (let n = 0; n < 2; n += 1) {
    const { status, body, headers } = await shop.post(desk, { style: 'mixed', key: 'a-desk' })
    assert.equal(status, 402)
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(body.detail ?? '', /declined/)
    assert.equal((await shop.order(body.orderId)).status, 'cancelled')
  }
})

test('mixed: out of stock is cancelled later, and the money goes back', async () => {
  const { status, body } = await answeredInTime(prints, 'mixed')
  assert.equal(status, 201)
  const order = await shop.untilFinal(body.orderId)
  assert.deepEqual([order.status, order.reason], ['cancelled', 'out-of-stock'])
  await assertBalanced()
  assert.deepEqual(await bankEntries(body.orderId), ['charge', 'refund'])
})

test('mixed: an answer that comes too late settles the order by its event', async () => {
  await shop.setFaults('bank', { delayMs: 2000 })
  const { status, body } = await shop.post(mugs(1), { style: 'mixed', key: 'slow-bank' })
  assert.deepEqual([status, body.status], [202, 'paying'])
  await shop.setFaults('bank', {})
  assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  const again = await shop.post(mugs(1), { style: 'mixed', key: 'slow-bank' })
  assert.deepEqual([again.status, again.body.orderId], [201, body.orderId])
  await assertBalanced()
  assert.deepEqual(await bankEntries(body.orderId), ['charge'])
})

test('GET with Prefer: wait answers when the order is final; a reader honours the position of the 201', async () => {
  const { headers, body } = await shop.post(mugs(1))
  const position = headers.get('position') ?? ''
  assert.match(position, /^orders\/\d@\d+$/)
  const wait = { headers: { prefer: 'wait=15' } }
  const order = (await (await fetch(`${shop.url}/orders/${body.orderId}`, wait)).json()) as { status: string }
  assert.equal(order.status, 'confirmed')
  const read = await fetch(`${shop.url}/payments?orderId=${body.orderId}`, {
    headers: { 'at-least': position, prefer: 'wait=15' },
  })
  assert.equal(((await read.json()) as Payments).payments[0]?.status, 'charged')
  const future = await fetch(`${shop.url}/stock`, { headers: { 'at-least': position.replace(/\d+$/, '999999') } })
  assert.equal(future.status, 504)
  assert.match(((await future.json()) as { detail: string }).detail, /up to offset \d+, not yet 999999/)
})
