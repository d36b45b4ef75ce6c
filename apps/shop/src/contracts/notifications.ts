/** Topic `notifications`, written by Notification alone, keyed by order id. It never holds an address. */
import { z } from 'zod'
import { orderId } from './common.ts'
import { keepForEver, topic } from './topic.ts'

export const template = z.enum(['order-received', 'order-confirmed', 'order-cancelled'])
export type Template = z.output<typeof template>

export const notifications = topic({
  name: 'notifications',
  owner: 'notification',
  partitions: 4,
  retentionMs: keepForEver,
  events: {
    'shop.notification.sent.v1': z.object({ orderId, template, channel: z.literal('email') }),
  },
})
