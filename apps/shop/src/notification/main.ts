/** The Notification service: it alone writes to customers. */
import { runService } from '../kit/service.ts'
import { requiredUrl } from '../kit/settings.ts'
import { openNotificationDatabase } from './database.ts'
import { notificationRoutes } from './http.ts'
import { mailProviderAt } from './mail.ts'
import { notificationReactions } from './react.ts'

await runService({
  name: 'notification',
  open: settings => openNotificationDatabase(settings.database),
  routes: (app, context) => notificationRoutes(app, context, mailProviderAt(requiredUrl(context.settings, 'mail'))),
  reactions: context => notificationReactions(context, mailProviderAt(requiredUrl(context.settings, 'mail'))),
  done: async database => {
    const rows = await database
      .selectFrom('sent')
      .select(({ fn }) => ['template', fn.countAll<number>().as('count')])
      .groupBy('template')
      .execute()
    const count = (template: string) => rows.find(row => row.template === template)?.count ?? 0
    return {
      received: count('order-received'),
      confirmed: count('order-confirmed'),
      cancelled: count('order-cancelled'),
    }
  },
  books: async database => {
    const { customers } = await database
      .selectFrom('customer_keys')
      .select(({ fn }) => fn.countAll<number>().as('customers'))
      .executeTakeFirstOrThrow()
    return { customersWithKey: customers }
  },
})
