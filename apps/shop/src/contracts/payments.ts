/** Topic `payments`, written by Payment alone, keyed by order id. */
import { z } from 'zod'
import { currency, minorUnits, orderId } from './common.ts'
import { keepForEver, topic } from './topic.ts'

export const payments = topic({
  name: 'payments',
  owner: 'payment',
  partitions: 4,
  retentionMs: keepForEver,
  events: {
    'shop.payment.charged.v1': z.object({
      orderId,
      paymentId: z.string(),
      amount: minorUnits,
      currency,
      bankReference: z.string(),
    }),
    'shop.payment.declined.v1': z.object({ orderId, paymentId: z.string(), reason: z.string() }),
    'shop.payment.refunded.v1': z.object({ orderId, paymentId: z.string(), amount: minorUnits, currency }),
  },
})
