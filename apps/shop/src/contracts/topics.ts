/** Every topic of the shop, so that whoever needs them all (set-up, lag) can't forget one. */
import { customers } from './customers.ts'
import { inventory } from './inventory.ts'
import { notifications } from './notifications.ts'
import { orders } from './orders.ts'
import { payments } from './payments.ts'
import type { Topic } from './topic.ts'

export const topics: readonly Topic[] = [orders, payments, inventory, notifications, customers]

/** What each service reads, under the consumer group of its own name. */
export const subscriptions = {
  order: [payments, inventory, notifications],
  payment: [orders],
  inventory: [orders],
  notification: [orders, customers],
  analytics: [orders],
} as const satisfies Record<string, readonly Topic[]>
