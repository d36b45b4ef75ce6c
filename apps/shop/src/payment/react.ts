/** Payment in event style: charges what was ordered, gives back what was cancelled, and says so. */
import { orders } from '../contracts/orders.ts'
import { payments } from '../contracts/payments.ts'
import { on, type Reactions } from '../kit/reaction.ts'
import type { ServiceContext } from '../kit/service.ts'
import type { Bank } from './bank.ts'
import { charge, refund } from './charge.ts'
import type { PaymentTables } from './database.ts'

export function paymentReactions({ database }: ServiceContext<PaymentTables>, bank: Bank): Reactions<PaymentTables> {
  return {
    ...on<PaymentTables, typeof orders, 'shop.order.created.v1'>(orders, 'shop.order.created.v1', async event => {
      const { orderId, total: amount, currency } = event.data
      const store = await charge({ database, bank }, { orderId, attempt: 1, amount, currency })
      return async ({ database: transaction, now, publish }) => {
        const result = await store(transaction, now)
        const { paymentId } = result
        if (result.outcome === 'charged') {
          const { bankReference } = result
          await publish(payments, 'shop.payment.charged.v1', { orderId, paymentId, amount, currency, bankReference })
        } else {
          await publish(payments, 'shop.payment.declined.v1', { orderId, paymentId, reason: result.reason })
        }
      }
    }),
    ...on<PaymentTables, typeof orders, 'shop.order.cancelled.v1'>(orders, 'shop.order.cancelled.v1', async event => {
      const store = await refund({ database, bank }, event.data.orderId)
      return async ({ database: transaction, now, publish }) => {
        if (store === undefined) return
        await publish(payments, 'shop.payment.refunded.v1', await store(transaction, now))
      }
    }),
  }
}
