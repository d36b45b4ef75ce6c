/** The Payment service: it alone talks to the bank. */
import { runService } from '../kit/service.ts'
import { requiredUrl } from '../kit/settings.ts'
import { bankAt } from './bank.ts'
import { openPaymentDatabase } from './database.ts'
import { paymentRoutes } from './http.ts'
import { paymentReactions } from './react.ts'

await runService({
  name: 'payment',
  open: settings => openPaymentDatabase(settings.database),
  routes: (app, context) => paymentRoutes(app, context, bankAt(requiredUrl(context.settings, 'bank'))),
  reactions: context => paymentReactions(context, bankAt(requiredUrl(context.settings, 'bank'))),
  done: async database => {
    const rows = await database
      .selectFrom('payments')
      .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
      .groupBy('status')
      .execute()
    const count = (status: string) => rows.find(row => row.status === status)?.count ?? 0
    return { charged: count('charged'), declined: count('declined'), refunded: count('refunded') }
  },
  books: async database => {
    const row = await database
      .selectFrom('payments')
      .select(({ fn }) => fn.sum<number | null>('amount').as('held'))
      .where('status', '=', 'charged')
      .executeTakeFirstOrThrow()
    return { held: row.held ?? 0 }
  },
})
