import 'reflect-metadata'
import { ClientsModule, type MicroserviceOptions, Transport } from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import { type Ottla, startOttla } from 'ottla'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PaymentController } from './payment.controller.ts'

let ottla: Ottla
let app: Awaited<ReturnType<typeof startApp>>

async function startApp(brokers: string[]) {
  const client = { brokers, retry: { initialRetryTime: 20 } }
  const consumer = { groupId: 'payment' }
  const testing = await Test.createTestingModule({
    imports: [
      ClientsModule.register([
        { name: 'KAFKA', transport: Transport.KAFKA, options: { client, producerOnlyMode: true } },
      ]),
    ],
    controllers: [PaymentController],
  }).compile()
  const app = testing.createNestMicroservice<MicroserviceOptions>({
    transport: Transport.KAFKA,
    options: { client, consumer, subscribe: { fromBeginning: true } },
    logger: false,
  })
  await app.listen()
  return app
}

beforeAll(async () => {
  ottla = await startOttla({ topics: { orders: { partitions: 3 }, payments: {} } })
  app = await startApp(ottla.brokers)
}, 60_000)
afterAll(async () => {
  await app.close()
  await ottla.stop()
}, 60_000)

test('an order is paid', async () => {
  await ottla.produce('orders', { key: 'o-1', value: { id: 'o-1', total: 12 } })
  const payment = await ottla.waitFor('payments', record => record.key === 'o-1', { timeoutMs: 30_000 })
  expect(payment.json()).toEqual({ orderId: 'o-1', amount: 12 })
}, 60_000)
