/** Topic `orders`, written by Order alone, keyed by order id. It holds no personal data: a customer is an opaque id. */
import { z } from 'zod'
import { currency, minorUnits, orderId, orderLine } from './common.ts'
import { type EventData, keepForEver, topic } from './topic.ts'

export const cancelReason = z.enum(['payment-declined', 'out-of-stock', 'timed-out'])
export type CancelReason = z.output<typeof cancelReason>

export const orders = topic({
  name: 'orders',
  owner: 'order',
  partitions: 4,
  retentionMs: keepForEver,
  events: {
    'shop.order.created.v1': z.object({
      orderId,
      customerId: z.string().min(1),
      lines: z.array(orderLine.extend({ unitPrice: minorUnits })).min(1),
      total: minorUnits,
      currency,
    }),
    'shop.order.confirmed.v1': z.object({
      orderId,
      customerId: z.string(),
      paymentId: z.string(),
      reservationId: z.string(),
    }),
    'shop.order.cancelled.v1': z.object({ orderId, customerId: z.string(), reason: cancelReason }),
  },
})

export type OrderCreated = EventData<typeof orders, 'shop.order.created.v1'>
