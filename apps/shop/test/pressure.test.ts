/** Scenarios 1, 9, 11 to 13, 16, 18, 22, 28 and 32: slow and stubborn neighbours, crowds, and records of other versions. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compatibilityPartitioner, Producer } from '@platformatic/kafka'
import { toRecord } from '../src/contracts/envelope.ts'
import type { Totals } from '../src/contracts/http.ts'
import type { Snapshot } from '../src/stage/snapshot.ts'
import { mugs, startShop } from './shop.ts'

const shop = await startShop()
after(() => shop.stop())

const crowd = <Answer>(size: number, one: (number: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: size }, (_, number) => one(number)))
const setAside = ({ processes }: Snapshot, service: string) =>
  processes.find(({ name }) => name === service)?.status?.setAside ?? { events: 0, deadLetters: 0, keys: 0 }
const send = async (records: Parameters<Producer<Buffer, Buffer, Buffer, Buffer>['send']>[0]['messages']) => {
  const { brokers } = await shop.get<Snapshot>('/stage/snapshot')
  const producer = new Producer({ clientId: 'stranger', bootstrapBrokers: brokers.split(',') })
  const { offsets = [] } = await producer.send({ messages: records, partitioner: compatibilityPartitioner })
  await producer.close()
  return offsets.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`)
}

test('1: Notification is down for a hundred orders: all are taken, and each mail comes once', async () => {
  await shop.do('stop', 'notification')
  const answers = await crowd(100, () => shop.post(mugs(1)))
  for (const { status } of answers) assert.ok(status === 201 || status === 202, String(status))
  for (const { body } of answers) assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  await shop.do('start', 'notification')
  await shop.untilReady('notification')
  const { processes } = await shop.assertInvariants()
  assert.equal(processes.find(({ name }) => name === 'mail')?.simulator?.books.delivered, 200)
})

test('9: a bank that takes seconds: a REST customer waits for it, an event customer does not', async () => {
  await shop.setFaults('bank', { delayMs: 2000 })
  const [events, rest] = await Promise.all([shop.post(mugs(1)), shop.post(mugs(1), { style: 'rest' })])
  await shop.setFaults('bank', {})
  const called = (await shop.order(rest.body.orderId)).history.find(({ what }) => what === 'charge')
  assert.ok((called?.durationMs ?? 0) >= 2000, 'the customer of REST waited for the bank')
  const { history } = await shop.order(events.body.orderId)
  const charged = history.findIndex(({ what }) => what === 'charged')
  const acknowledged = history.findIndex(({ what }) => what === 'acknowledged')
  assert.ok(acknowledged >= 0 && (charged < 0 || acknowledged < charged), 'the other had an answer before the bank did')
  await shop.assertInvariants()
})

test('11 to 13: declined, out of stock, and both at once: one cancellation, nothing kept', async () => {
  const cases = [
    { items: [{ sku: 'desk', quantity: 1 }], reasons: ['payment-declined'] },
    { items: [{ sku: 'print', quantity: 9 }], reasons: ['out-of-stock'] },
    { items: [{ sku: 'print', quantity: 500 }], reasons: ['payment-declined', 'out-of-stock'] },
  ]
  for (const { items, reasons } of cases) {
    const { body } = await shop.post({ customerId: 'c', items })
    const order = await shop.untilFinal(body.orderId)
    assert.equal(order.status, 'cancelled')
    assert.ok(reasons.includes(order.reason ?? ''), String(order.reason))
    await shop.assertInvariants()
    const { history } = await shop.order(body.orderId)
    assert.equal(history.filter(({ what }) => what === 'cancelled').length, 1)
  }
})

test('16: an undo that the bank refuses is parked and shown, and done when a person retries it', async () => {
  const { body } = await shop.post({ customerId: 'c', items: [{ sku: 'print', quantity: 9 }] })
  await shop.untilFinal(body.orderId)
  await shop.untilAtRest()
  await shop.do('stop', 'inventory')
  const late = await shop.post({ customerId: 'c', items: [{ sku: 'print', quantity: 9 }] })
  await shop.until(
    'the order paid',
    ({ orders, processes }) => orders.length > 0 && processes.some(({ name, lag }) => name === 'payment' && lag === 0),
  )
  await shop.setFaults('bank', { refusePercent: 100 })
  await shop.do('start', 'inventory')
  await shop.until('the refund parked', snapshot => setAside(snapshot, 'payment').events > 0)
  assert.equal((await shop.order(late.body.orderId)).status, 'cancelled')
  await shop.setFaults('bank', {})
  const { failed } = await shop.operate<{ failed: number }>('payment/parked/retry')
  assert.equal(failed, 0)
  await shop.assertInvariants()
})

test('18: JSON of a wrong shape is a dead letter that names the field; the orders behind it flow', async () => {
  const record = toRecord('orders', {
    id: crypto.randomUUID(),
    type: 'shop.order.created.v2',
    source: '/stranger',
    subject: 'nobody',
    time: new Date().toISOString(),
    sequence: 1,
    causationId: '',
    traceparent: '',
    data: { orderId: 'nobody', customerId: 'c', lines: [], total: 12.9, currency: 'EUR', shippingAddress: null },
  })
  await send([{ ...record, value: record.value! }])
  const { body } = await shop.post(mugs(1))
  assert.equal((await shop.untilFinal(body.orderId)).status, 'confirmed')
  await shop.until('a dead letter of Payment', snapshot => setAside(snapshot, 'payment').deadLetters === 1)
  const { letters } = await shop.get<{ letters: { error: string }[] }>('/services/payment/dead-letters')
  assert.match(letters[0]?.error ?? '', /^shop\.order\.created\.v2: (lines|total): /)
  await shop.assertInvariants()
})

test('22: fifty customers want the last prints: the stock decides, and never goes below zero', async () => {
  const answers = await crowd(50, number =>
    shop.post({ customerId: `c${number}`, items: [{ sku: 'print', quantity: 1 }] }),
  )
  const outcomes = await crowd(50, async number => (await shop.untilFinal(answers[number]!.body.orderId)).status)
  assert.equal(outcomes.filter(status => status === 'confirmed').length, 3)
  assert.equal((await shop.get<{ available: number }>('/stock/print')).available, 0)
  await shop.assertInvariants()
})

test('28: an order of the first version is read by every service', async () => {
  const file = join(import.meta.dirname, '../src/contracts/fixtures/shop.order.created.v1.json')
  const { headers, value } = JSON.parse(readFileSync(file, 'utf8')) as {
    headers: Record<string, string>
    value: string
  }
  await shop.do('start', 'analytics')
  await shop.untilReady('analytics')
  await shop.untilAtRest()
  const before = await shop.get<Totals>('/totals')
  const bytes = Object.entries(headers).map(pair => pair.map(text => Buffer.from(text)) as [Buffer, Buffer])
  const key = Buffer.from(headers.ce_subject!)
  const [position = ''] = await send([
    { topic: 'orders', key, value: Buffer.from(value, 'base64'), headers: new Map(bytes) },
  ])
  const read = async <Answer>(path: string): Promise<Answer> =>
    (await (
      await fetch(`${shop.url}${path}`, { headers: { 'at-least': position, prefer: 'wait=15' } })
    ).json()) as Answer
  // Order has none of that id; the others react to it all the same.
  const ofOrder = `?orderId=${headers.ce_subject}`
  const { notifications } = await read<{ notifications: { template: string }[] }>(`/notifications${ofOrder}`)
  assert.deepEqual(
    notifications.map(({ template }) => template),
    ['order-received'],
  )
  const { payments } = await read<{ payments: { status: string }[] }>(`/payments${ofOrder}`)
  assert.deepEqual(
    payments.map(({ status }) => status),
    ['charged'],
  )
  assert.equal((await read<Totals>('/totals')).orders.created, before.orders.created + 1)
})

test('32: after all of this no process holds more memory than it may', async () => {
  await crowd(300, number => shop.post(mugs(1, `c${number}`)))
  const { processes } = await shop.untilAtRest()
  for (const { name, pid } of processes) {
    if (pid === null) continue
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    assert.ok(Number(kilobytes) < 400 * 1024, `${name}: ${kilobytes} kB`)
  }
})
