/** Payment in event style: charges what was ordered, gives back what was cancelled, and says so. */
import { orders } from '../contracts/orders.ts'
import { payments } from '../contracts/payments.ts'
import { on, type Reactions, type ServiceTransaction } from '../kit/reaction.ts'
import type { ServiceContext } from '../kit/service.ts'
import type { Bank } from './bank.ts'
import { type ChargeResult, callBack, charge } from './charge.ts'
import type { PaymentTables } from './database.ts'

type Tables = PaymentTables

export function paymentReactions({ database }: ServiceContext<Tables>, bank: Bank): Reactions<Tables> {
  return {
    ...on<Tables, typeof orders, 'shop.order.created.v2'>(orders, 'shop.order.created.v2', async event => {
      const { orderId, total: amount, currency } = event.data
      const { traceparent } = event
      const store = await charge({ database, bank, traceparent }, { orderId, attempt: 1, amount, currency })
      return async transaction => {
        const { result, isNew } = await store(transaction.database, transaction.now)
        // In mixed style Order has asked already, and the answer is in the log.
        if (isNew) await announce(transaction, { orderId, amount, currency }, result)
      }
    }),
    ...on<Tables, typeof orders, 'shop.order.cancelled.v1'>(orders, 'shop.order.cancelled.v1', async event => {
      const { traceparent } = event
      const store = await callBack({ database, bank, traceparent }, { orderId: event.data.orderId, attempt: 1 })
      return async transaction => {
        const refunded = await store(transaction.database, transaction.now)
        if (refunded !== undefined) await transaction.publish(payments, 'shop.payment.refunded.v1', refunded)
      }
    }),
  }
}

export async function announce(
  { publish }: Pick<ServiceTransaction<Tables>, 'publish'>,
  charged: { orderId: string; amount: number; currency: 'EUR' },
  result: ChargeResult,
): Promise<void> {
  const { orderId } = charged
  const { paymentId } = result
  if (result.outcome === 'charged') {
    const { bankReference } = result
    await publish(payments, 'shop.payment.charged.v1', { ...charged, paymentId, bankReference })
  } else {
    await publish(payments, 'shop.payment.declined.v1', { orderId, paymentId, reason: result.reason })
  }
}
