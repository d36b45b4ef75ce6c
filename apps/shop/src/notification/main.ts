/** The Notification service: it alone writes to customers. */
import { join } from 'node:path'
import { runService } from '../kit/service.ts'
import { openNotificationDatabase } from './database.ts'
import { notificationRoutes } from './http.ts'
import { type MailProvider, openMailProvider } from './mail.ts'
import { notificationReactions } from './react.ts'

const mailDelayMs = 10

let provider: MailProvider

await runService({
  name: 'notification',
  open: settings => {
    const path = join(settings.dataDirectory, 'mail.sqlite')
    provider = openMailProvider({ path, delayMs: mailDelayMs, now: () => new Date() })
    return openNotificationDatabase(join(settings.dataDirectory, 'notification.sqlite'))
  },
  routes: (app, context) => notificationRoutes(app, context, provider),
  reactions: context => notificationReactions(context, provider),
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
  books: async () => ({ mailsDelivered: provider.delivered() }),
  close: () => provider.close(),
})
