const { startOttla } = require('ottla')
const { startPaymentService } = require('../payment-service.cjs')

let ottla
beforeAll(async () => {
  ottla = await startOttla({ from: process.env.OTTLA_SNAPSHOT })
})
beforeEach(() => ottla.reset())
afterAll(() => ottla.stop())

test('an order is paid', async () => {
  const service = await startPaymentService(ottla.brokers)
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  const payment = await ottla.waitFor('payments', record => record.key === 'o-1')
  expect(payment.json()).toEqual({ orderId: 'o-1', amount: 12 })
  await service.stop()
})

test('a service that hangs loses its partitions when its session has timed out', async () => {
  const service = await startPaymentService(ottla.brokers)
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  await ottla.groups.waitUntilCaughtUp('payment')
  const hanging = ottla.faults.hold({ api: 'Heartbeat', times: Infinity })
  await ottla.clock.advance({ minutes: 1 })
  expect(ottla.groups.describe('payment').state).toBe('Empty')
  hanging.remove()
  await service.stop()
})
