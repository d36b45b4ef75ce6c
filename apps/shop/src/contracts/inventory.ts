/** Topic `inventory`, written by Inventory alone, keyed by order id. */
import { z } from 'zod'
import { orderId, orderLine } from './common.ts'
import { keepForEver, topic } from './topic.ts'

export const missingStock = z.object({ sku: z.string(), requested: z.int(), available: z.int() })

export const inventory = topic({
  name: 'inventory',
  owner: 'inventory',
  partitions: 4,
  retentionMs: keepForEver,
  events: {
    'shop.stock.reserved.v1': z.object({ orderId, reservationId: z.string(), lines: z.array(orderLine) }),
    'shop.stock.rejected.v1': z.object({ orderId, missing: z.array(missingStock).min(1) }),
    'shop.stock.released.v1': z.object({ orderId, reservationId: z.string(), lines: z.array(orderLine) }),
  },
})
