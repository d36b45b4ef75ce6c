/** Payment over HTTP: what the other services call in REST style, and what it can be asked. */
import { chargeAnswer, chargeRequest, listPayments, undoAnswer, undoRequest } from '../contracts/http.ts'
import type { HttpServer } from '../kit/http-server.ts'
import type { ServiceContext } from '../kit/service.ts'
import type { Bank } from './bank.ts'
import { charge, refund } from './charge.ts'
import type { PaymentTables } from './database.ts'

export function paymentRoutes(app: HttpServer, { database, now }: ServiceContext<PaymentTables>, bank: Bank): void {
  app.post('/charges', { schema: { body: chargeRequest, response: { 200: chargeAnswer } } }, async request => {
    const store = await charge({ database, bank }, request.body)
    return database.transaction().execute(transaction => store(transaction, now()))
  })

  app.post('/refunds', { schema: { body: undoRequest, response: { 200: undoAnswer } } }, async request => {
    const store = await refund({ database, bank }, request.body.orderId)
    if (store === undefined) return { undone: false }
    await database.transaction().execute(transaction => store(transaction, now()))
    return { undone: true }
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
