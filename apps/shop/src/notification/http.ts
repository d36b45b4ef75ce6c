/** Notification over HTTP: what Order calls in REST style, and what it can be asked. */
import { listNotifications, notifyAnswer, notifyRequest } from '../contracts/http.ts'
import type { HttpServer } from '../kit/http-server.ts'
import type { ServiceContext } from '../kit/service.ts'
import { serve } from '../kit/spans.ts'
import type { NotificationTables } from './database.ts'
import type { MailProvider } from './mail.ts'
import { notify } from './notify.ts'

export function notificationRoutes(
  app: HttpServer,
  { database, now }: ServiceContext<NotificationTables>,
  provider: MailProvider,
): void {
  app.post('/mails', { schema: { body: notifyRequest, response: { 200: notifyAnswer } } }, async request => {
    const trace = serve(request, request.body.orderId)
    const store = await notify({ database, provider }, request.body, trace.traceparent)
    return database.transaction().execute(async transaction => {
      await trace.end<NotificationTables>(transaction, 'notify')
      return { sent: await store(transaction, now()) }
    })
  })

  const { querystring, response } = listNotifications
  app.get(listNotifications.url, { schema: { querystring, response } }, async request => {
    const { orderId } = request.query
    let query = database.selectFrom('sent').selectAll().orderBy('at', 'desc').limit(100)
    if (orderId !== undefined) query = query.where('order_id', '=', orderId)
    const rows = await query.execute()
    return {
      notifications: rows.map(row => ({ orderId: row.order_id, template: row.template, channel: 'email', at: row.at })),
    }
  })
}
