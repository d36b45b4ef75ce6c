/** Notification in event style: one mail when an order came in, one about its outcome. Nobody ever waits for it. */
import type { Kysely } from 'kysely'
import type { Sealed } from '../contracts/common.ts'
import { customers } from '../contracts/customers.ts'
import { notifications, type Template } from '../contracts/notifications.ts'
import { orders } from '../contracts/orders.ts'
import { type Apply, on, type Reactions } from '../kit/reaction.ts'
import { unseal } from '../kit/sealed.ts'
import type { ServiceContext } from '../kit/service.ts'
import type { NotificationTables } from './database.ts'
import type { MailProvider } from './mail.ts'
import { notify } from './notify.ts'

export function notificationReactions(
  { database }: ServiceContext<NotificationTables>,
  provider: MailProvider,
): Reactions<NotificationTables> {
  const send = async (
    order: { orderId: string; customerId: string; shippingAddress?: Sealed | null },
    template: Template,
    traceparent: string,
  ): Promise<Apply<NotificationTables>> => {
    const { orderId, customerId } = order
    const address = await readAddress(database, order)
    const mail = { orderId, customerId, template, ...(address === undefined ? {} : { address }) }
    const store = await notify({ database, provider }, mail, traceparent)
    return async ({ database: transaction, now, publish }) => {
      if (!(await store(transaction, now))) return
      await publish(notifications, 'shop.notification.sent.v1', { orderId, template, channel: 'email' })
    }
  }
  type Tables = NotificationTables
  return {
    ...on<Tables, typeof orders, 'shop.order.created.v2'>(orders, 'shop.order.created.v2', ({ data, traceparent }) =>
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
    ...on<Tables, typeof customers, 'shop.customer.keyed.v1'>(
      customers,
      'shop.customer.keyed.v1',
      ({ data: { customerId, key } }) =>
        async ({ database: transaction }) => {
          await transaction
            .insertInto('customer_keys')
            .values({ customer_id: customerId, key })
            .onConflict(conflict => conflict.column('customer_id').doUpdateSet({ key }))
            .execute()
        },
    ),
    ...on<Tables, typeof customers, 'shop.customer.erased.v1'>(
      customers,
      'shop.customer.erased.v1',
      ({ subject }) =>
        async ({ database: transaction }) => {
          await transaction.deleteFrom('customer_keys').where('customer_id', '=', subject).execute()
        },
    ),
  }
}

/** @returns undefined when there is none, or its key is not here (yet, or any more): the mail goes without it */
async function readAddress(
  database: Kysely<NotificationTables>,
  { customerId, shippingAddress }: { customerId: string; shippingAddress?: Sealed | null },
): Promise<string | undefined> {
  if (shippingAddress === undefined || shippingAddress === null) return undefined
  const row = await database
    .selectFrom('customer_keys')
    .select('key')
    .where('customer_id', '=', customerId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  try {
    return unseal(row.key, shippingAddress)
  } catch {
    return undefined // Sealed with an earlier key, which is lost.
  }
}
