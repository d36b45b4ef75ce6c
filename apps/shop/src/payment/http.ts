/** Payment over HTTP: what the other services call in REST style, and what it can be asked. */
import { chargeAnswer, chargeRequest, listPayments, undoAnswer, undoRequest } from '../contracts/http.ts'
import type { HttpServer } from '../kit/http-server.ts'
import { serviceTransaction } from '../kit/reaction.ts'
import type { ServiceContext } from '../kit/service.ts'
import { serve } from '../kit/spans.ts'
import type { Bank } from './bank.ts'
import { callBack, charge } from './charge.ts'
import type { PaymentTables } from './database.ts'
import { announce } from './react.ts'

export function paymentRoutes(
  app: HttpServer,
  { database, now, relay }: ServiceContext<PaymentTables>,
  bank: Bank,
): void {
  app.post('/charges', { schema: { body: chargeRequest, response: { 200: chargeAnswer } } }, async request => {
    const { announced, ...order } = request.body
    const trace = serve(request, order.orderId)
    const store = await charge({ database, bank, traceparent: trace.traceparent }, order)
    const result = await database.transaction().execute(async transaction => {
      const at = now()
      const stored = await store(transaction, at)
      if (announced && stored.isNew) {
        const cause = { id: '', subject: order.orderId, traceparent: trace.traceparent }
        const { orderId, amount, currency } = order
        await announce(
          serviceTransaction<PaymentTables>({ database: transaction, cause, now: at }),
          { orderId, amount, currency },
          stored.result,
        )
      }
      await trace.end<PaymentTables>(transaction, 'charge')
      return stored.result
    })
    if (announced) relay.nudge()
    return result
  })

  app.post('/refunds', { schema: { body: undoRequest, response: { 200: undoAnswer } } }, async request => {
    const trace = serve(request, request.body.orderId)
    const store = await callBack({ database, bank, traceparent: trace.traceparent }, request.body)
    const refunded = await database.transaction().execute(async transaction => {
      await trace.end<PaymentTables>(transaction, 'refund')
      return store(transaction, now())
    })
    return { undone: refunded !== undefined }
  })

  const { querystring, response } = listPayments
  app.get(listPayments.url, { schema: { querystring, response } }, async request => {
    const { orderId } = request.query
    let query = database.selectFrom('payments').selectAll().orderBy('payment_id', 'desc').limit(100)
    if (orderId !== undefined) query = query.where('order_id', '=', orderId)
    const rows = await query.execute()
    const entries = await bank.entriesOf(rows.map(row => row.order_id))
    return {
      payments: rows.map(row => ({
        paymentId: row.payment_id,
        orderId: row.order_id,
        status: row.status,
        amount: row.amount,
        currency: row.currency,
        bankEntries: entries.filter(entry => entry.orderId === row.order_id),
      })),
    }
  })
}
