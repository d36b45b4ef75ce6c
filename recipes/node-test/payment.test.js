import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { startOttla } from 'ottla'
import { startPaymentService } from '../payment-service.cjs'

let ottla
before(async () => {
  ottla = await startOttla({ topics: { orders: { partitions: 3 }, payments: {} } })
})
beforeEach(() => ottla.reset())
after(() => ottla.stop())

test('an order is paid', async () => {
  const service = await startPaymentService(ottla.brokers)
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  const payment = await ottla.waitFor('payments', record => record.key === 'o-1')
  assert.deepEqual(payment.json(), { orderId: 'o-1', amount: 12 })
  await service.stop()
})

test('an order is paid once, although the answer to the payment is lost', async () => {
  const service = await startPaymentService(ottla.brokers)
  const lost = ottla.faults.loseAnswer({ api: 'Produce', topic: 'payments' })
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  await lost.done
  await ottla.groups.waitUntilCaughtUp('payment')
  const payments = await Array.fromAsync(ottla.records('payments'), record => record.key)
  assert.deepEqual(payments, ['o-1'])
  await service.stop()
})
