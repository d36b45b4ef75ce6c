/**
 * Topic `customers`, written by Order alone, keyed by customer id, compacted: the latest of each customer is kept, and a customer
 * who is erased is a tombstone, after which the log forgets the key. What was sealed with it stays where it is, and nobody can read it.
 */
import { z } from 'zod'
import { keepForEver, topic } from './topic.ts'

export const customers = topic({
  name: 'customers',
  owner: 'order',
  partitions: 4,
  retentionMs: keepForEver,
  cleanup: 'compact',
  events: {
    'shop.customer.keyed.v1': z.object({ customerId: z.string(), key: z.base64().describe('256 bits') }),
    'shop.customer.erased.v1': z.null(),
  },
})
