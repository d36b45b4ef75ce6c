import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customers } from './customers.ts'
import { type Envelope, fromRecord, NewerVersionError, toRecord, UndecodableError } from './envelope.ts'
import { payments } from './payments.ts'
import { topics } from './topics.ts'

const charged: Envelope = {
  id: '01a20fbf-9312-763f-aed8-fbf3a2731cbb',
  type: 'shop.payment.charged.v1',
  source: '/payment',
  subject: 'order-1',
  time: '2026-11-24T22:49:02.994Z',
  sequence: 7,
  causationId: '01a20fbf-9312-763f-aed8-fbf3a2731cba',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  data: { orderId: 'order-1', paymentId: 'p-1', amount: 1290, currency: 'EUR', bankReference: 'charge/order-1/1' },
}

test('an event comes back from its record as it was', () => {
  const record = toRecord('payments', charged)
  assert.equal(record.key.toString(), 'order-1')
  assert.deepEqual(fromRecord(payments, record), charged)
})

test('the headers are those of CloudEvents in binary mode, the trace unprefixed', () => {
  const headers = Object.fromEntries([...toRecord('payments', charged).headers].map(pair => pair.map(String)))
  assert.deepEqual(headers, {
    ce_specversion: '1.0',
    ce_id: charged.id,
    ce_type: 'shop.payment.charged.v1',
    ce_source: '/payment',
    ce_subject: 'order-1',
    ce_time: charged.time,
    ce_sequence: '0000000007',
    ce_causationid: charged.causationId,
    'content-type': 'application/json',
    traceparent: charged.traceparent,
  })
})

test('a type that the contract does not know is not an error: a newer writer may send it', () => {
  assert.equal(fromRecord(payments, toRecord('payments', { ...charged, type: 'shop.payment.disputed.v1' })), undefined)
})

test('a later version of a type that it does know must wait for a newer program', () => {
  const later = { ...charged, type: 'shop.payment.charged.v9', data: { anything: true } }
  assert.throws(
    () => fromRecord(payments, toRecord('payments', later)),
    (error: Error) => error instanceof NewerVersionError && assert.deepEqual(error.event, later) === undefined,
  )
})

test('a tombstone has no value, and comes back with null as its data', () => {
  const erased = { ...charged, type: 'shop.customer.erased.v1', data: null }
  const record = toRecord('customers', erased)
  assert.equal(record.value, undefined)
  assert.deepEqual(fromRecord(customers, { ...record, value: null }), erased)
})

test('what can not be decoded says which field is wrong', () => {
  const record = toRecord('payments', charged)
  const cases: [string, Parameters<typeof fromRecord>[1], RegExp][] = [
    ['a missing header', { ...record, headers: new Map() }, /header ce_type is missing/],
    ['no JSON', { ...record, value: Buffer.from('{') }, /not JSON/],
    ['a tombstone', { ...record, value: null }, /no value/],
    [
      'a wrong shape',
      toRecord('payments', { ...charged, data: { ...(charged.data as object), amount: 12.9 } }),
      /amount/,
    ],
  ]
  for (const [what, broken, message] of cases) {
    assert.throws(
      () => fromRecord(payments, broken),
      (error: Error) => error instanceof UndecodableError && message.test(error.message),
      what,
    )
  }
})

test('partition counts are powers of two, so that every client puts a key in the same partition', () => {
  for (const { name, partitions } of topics) assert.equal(Math.log2(partitions) % 1, 0, name)
})
