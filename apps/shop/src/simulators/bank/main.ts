/** The bank: slow as one, with a limit per charge as one. */
import { join } from 'node:path'
import {
  bankAnswer,
  bankCancel,
  bankCancelled,
  bankCharge,
  bankEntries,
  bankEntriesQuery,
} from '../../contracts/simulators.ts'
import { runSimulator } from '../simulator.ts'
import { openBankBook } from './book.ts'

/** 1,000 euros: a charge above it is declined. */
const cardLimit = 100_000

await runSimulator({
  name: 'bank',
  usualDelayMs: 20,
  open: (app, { directory, plan }) => {
    const book = openBankBook({ path: join(directory, 'bank.sqlite'), limit: cardLimit, now: () => new Date() })
    app.post('/charges', { schema: { body: bankCharge, response: { 200: bankAnswer } } }, ({ body }) =>
      plan.answer(body.orderId, () => book.charge(body)),
    )
    app.post('/cancellations', { schema: { body: bankCancel, response: { 200: bankCancelled } } }, ({ body }) =>
      plan.answer(body.orderId, () => ({ refunded: book.cancel(body) })),
    )
    app.post('/entries', { schema: { body: bankEntriesQuery, response: { 200: bankEntries } } }, async ({ body }) => ({
      entries: book.entriesOf(body.orderIds),
    }))
    return { books: book.totals, close: book.close }
  },
})
