/** The Order service: it takes orders in, and alone decides what becomes of them. */
import { style as styles } from '../contracts/http.ts'
import { failKeysInFlight } from '../kit/idempotency-key.ts'
import { runService } from '../kit/service.ts'
import { openOrderDatabase } from './database.ts'
import { orderDeadlines } from './deadlines.ts'
import { orderRoutes } from './http.ts'
import { requestSpan } from './queries.ts'
import { orderReactions } from './react.ts'
import { cancelInterrupted } from './rest.ts'

await runService({
  name: 'order',
  open: settings => openOrderDatabase(settings.database),
  recover: async context => {
    await cancelInterrupted(context)
    await failKeysInFlight(context.database, context.instanceName)
  },
  deadlines: orderDeadlines,
  routes: orderRoutes,
  reactions: orderReactions,
  spans: requestSpan,
  done: async database => {
    const rows = await database
      .selectFrom('orders')
      .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
      .groupBy('status')
      .execute()
    const count = (status: string) => rows.find(row => row.status === status)?.count ?? 0
    return {
      paying: count('paying'),
      pending: count('pending'),
      confirmed: count('confirmed'),
      cancelled: count('cancelled'),
    }
  },
  books: async database => {
    const rows = await database
      .selectFrom('orders')
      .select(({ fn }) => ['style', 'status', fn.countAll<number>().as('count'), fn.sum<number>('total').as('total')])
      .groupBy(['style', 'status'])
      .execute()
    const units = await database
      .selectFrom('order_lines')
      .innerJoin('orders', 'orders.order_id', 'order_lines.order_id')
      .select(({ fn }) => fn.sum<number | null>('quantity').as('units'))
      .where('status', '=', 'confirmed')
      .executeTakeFirstOrThrow()
    const logged = await database
      .selectFrom('orders')
      .select(({ fn }) => ['status', fn.countAll<number>().as('count'), fn.sum<number>('total').as('total')])
      .where('created_event_id', 'is not', null)
      .groupBy('status')
      .execute()
    const books: Record<string, number> = { unitsConfirmed: units.units ?? 0 }
    for (const status of ['confirmed', 'cancelled']) {
      const row = logged.find(candidate => candidate.status === status)
      books[`logged.${status}`] = row?.count ?? 0
      books[`logged.${status}.total`] = row?.total ?? 0
    }
    for (const style of styles.options) {
      for (const status of ['paying', 'pending', 'confirmed', 'cancelled']) {
        const row = rows.find(candidate => candidate.style === style && candidate.status === status)
        books[`${style}.${status}`] = row?.count ?? 0
        books[`${style}.${status}.total`] = row?.total ?? 0
      }
    }
    return books
  },
})
