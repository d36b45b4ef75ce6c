/** The Payment service: it alone talks to the bank. */
import { join } from 'node:path'
import { runService } from '../kit/service.ts'
import { type Bank, openBank } from './bank.ts'
import { openPaymentDatabase } from './database.ts'
import { paymentRoutes } from './http.ts'
import { paymentReactions } from './react.ts'

/** 1,000 euros: the bank declines a charge above it. */
const cardLimit = 100_000
const bankDelayMs = 20

let bank: Bank

await runService({
  name: 'payment',
  open: settings => {
    const path = join(settings.dataDirectory, 'bank.sqlite')
    bank = openBank({ path, delayMs: bankDelayMs, limit: cardLimit, now: () => new Date() })
    return openPaymentDatabase(join(settings.dataDirectory, 'payment.sqlite'))
  },
  routes: (app, context) => paymentRoutes(app, context, bank),
  reactions: context => paymentReactions(context, bank),
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
    const { balance, charges, refunds, ordersChargedTwice } = bank.book()
    return { held: row.held ?? 0, bankBalance: balance, bankCharges: charges, bankRefunds: refunds, ordersChargedTwice }
  },
  close: () => bank.close(),
})
