import { startOttla } from 'ottla'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { startPaymentService } from '../payment-service.cjs'

let ottla
beforeAll(async () => {
  ottla = await startOttla({ from: inject('snapshot') })
})
beforeEach(() => ottla.reset())
afterAll(() => ottla.stop())

test('begins with what the global setup has prepared', async () => {
  const prices = await Array.fromAsync(ottla.records('prices'), record => record.json().price)
  expect(prices).toEqual([12])
})

test('an order is paid although the broker is killed meanwhile', async () => {
  const service = await startPaymentService(ottla.brokers)
  await ottla.groups.waitUntilStable('payment')
  const held = ottla.faults.hold({ api: 'Produce', topic: 'payments' })
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  await held.done
  await ottla.faults.kill()
  await ottla.faults.restart()
  const payment = await ottla.waitFor('payments', record => record.key === 'o-1', { timeoutMs: 30_000 })
  expect(payment.json()).toEqual({ orderId: 'o-1', amount: 12 })
  await service.stop()
}, 60_000)
