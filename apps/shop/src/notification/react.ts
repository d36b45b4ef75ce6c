/** Notification in event style: one mail when an order came in, one about its outcome. Nobody ever waits for it. */
import { notifications, type Template } from '../contracts/notifications.ts'
import { orders } from '../contracts/orders.ts'
import { type Apply, on, type Reactions } from '../kit/reaction.ts'
import type { ServiceContext } from '../kit/service.ts'
import type { NotificationTables } from './database.ts'
import type { MailProvider } from './mail.ts'
import { notify } from './notify.ts'

export function notificationReactions(
  { database }: ServiceContext<NotificationTables>,
  provider: MailProvider,
): Reactions<NotificationTables> {
  const send = async (
    order: { orderId: string; customerId: string },
    template: Template,
    traceparent: string,
  ): Promise<Apply<NotificationTables>> => {
    const { orderId, customerId } = order
    const store = await notify({ database, provider }, { orderId, customerId, template }, traceparent)
    return async ({ database: transaction, now, publish }) => {
      if (!(await store(transaction, now))) return
      await publish(notifications, 'shop.notification.sent.v1', { orderId, template, channel: 'email' })
    }
  }
  type Tables = NotificationTables
  return {
    ...on<Tables, typeof orders, 'shop.order.created.v1'>(orders, 'shop.order.created.v1', ({ data, traceparent }) =>
      send(data, 'order-received', traceparent),
    ),
    ...on<Tables, typeof orders, 'shop.order.confirmed.v1'>(
      orders,
      'shop.order.confirmed.v1',
      ({ data, traceparent }) => send(data, 'order-confirmed', traceparent),
    ),
    ...on<Tables, typeof orders, 'shop.order.cancelled.v1'>(
      orders,
      'shop.order.cancelled.v1',
      ({ data, traceparent }) => send(data, 'order-cancelled', traceparent),
    ),
  }
}
