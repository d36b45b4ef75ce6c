/**
 * Topic `orders`, written by Order alone, keyed by order id. It holds no readable personal data: a
 * customer is an opaque id, and the address is sealed with a key that can be lost.
 */
import { z } from 'zod'
import { currency, minorUnits, orderId, orderLine, sealed } from './common.ts'
import { type EventData, formerly, keepForEver, topic } from './topic.ts'

export const cancelReason = z.enum(['payment-declined', 'out-of-stock', 'timed-out'])
export type CancelReason = z.output<typeof cancelReason>

const created = z.object({
  orderId,
  customerId: z.string().min(1),
  lines: z.array(orderLine.extend({ unitPrice: minorUnits })).min(1),
  total: minorUnits,
  currency,
  /** Readable with the customer's key (contracts/customers.ts) for as long as there is one. */
  shippingAddress: sealed.nullable(),
})

export const orders = topic({
  name: 'orders',
  owner: 'order',
  partitions: 4,
  retentionMs: keepForEver,
  events: {
    'shop.order.created.v2': created,
    'shop.order.confirmed.v1': z.object({
      orderId,
      customerId: z.string(),
      paymentId: z.string(),
      reservationId: z.string(),
    }),
    'shop.order.cancelled.v1': z.object({ orderId, customerId: z.string(), reason: cancelReason }),
  },
  formerly: {
    // Orders had no address.
    'shop.order.created.v1': formerly({
      schema: created.omit({ shippingAddress: true }),
      to: 'shop.order.created.v2',
      upcast: data => ({ ...data, shippingAddress: null }),
    }),
  },
})

export type OrderCreated = EventData<typeof orders, 'shop.order.created.v2'>
