import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { now, testPlace } from '../kit/testing.ts'
import { openMailBook } from '../simulators/mail/book.ts'
import { openNotificationDatabase } from './database.ts'
import type { MailProvider } from './mail.ts'
import { notify } from './notify.ts'

const database = await openNotificationDatabase(testPlace())
const book = openMailBook({ path: ':memory:', now: () => now })
const provider: MailProvider = { send: async mail => book.deliver(mail) }
after(async () => {
  await database.destroy()
  book.close()
})

const send = async (orderId: string, template: 'order-received' | 'order-confirmed') => {
  const store = await notify({ database, provider }, { orderId, customerId: 'c', template })
  return database.transaction().execute(transaction => store(transaction, now))
}

test('a mail goes out once per order and template, also when asked twice at the same moment', async () => {
  const sent = await Promise.all([
    send('a', 'order-received'),
    send('a', 'order-received'),
    send('a', 'order-confirmed'),
  ])
  assert.equal(sent.filter(isFirst => isFirst).length, 2)
  assert.equal(await send('a', 'order-received'), false)
  assert.equal(book.delivered(), 2)
})

test('a crash between provider and database repeats the request, not the mail', async () => {
  const before = book.delivered()
  await notify({ database, provider }, { orderId: 'b', customerId: 'c', template: 'order-received' })
  assert.equal(await send('b', 'order-received'), true)
  assert.equal(book.delivered(), before + 1)
})
