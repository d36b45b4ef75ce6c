/** The mail provider: delivers once per key, and counts what reached a mailbox. */
import { join } from 'node:path'
import { mailAccepted, mailMessage } from '../../contracts/simulators.ts'
import { runSimulator } from '../simulator.ts'
import { openMailBook } from './book.ts'

await runSimulator({
  name: 'mail',
  usualDelayMs: 10,
  open: (app, { directory, plan }) => {
    const book = openMailBook({ path: join(directory, 'mail.sqlite'), now: () => new Date() })
    app.post('/messages', { schema: { body: mailMessage, response: { 200: mailAccepted } } }, ({ body }) =>
      plan.answer(body.orderId, () => {
        book.deliver(body)
        return { key: body.key }
      }),
    )
    return { books: () => ({ delivered: book.delivered() }), close: book.close }
  },
})
