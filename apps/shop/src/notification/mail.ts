/**
 * A simulated mail provider, in a file of its own. Like the better real ones it takes an idempotency key and delivers once per
 * key; what reached a mailbox can be counted there, apart from what the service believes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { migrate, openSqlite } from '../kit/database.ts'

export type MailProvider = ReturnType<typeof openMailProvider>

const schema = `
  CREATE TABLE delivered (
    key TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    template TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT;
`

export function openMailProvider(options: { path: string; delayMs: number; now: () => Date }) {
  const database = openSqlite(options.path)
  migrate(database, [schema])
  const insert = database.prepare(
    'INSERT INTO delivered (key, customer_id, template, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const count = database.prepare('SELECT COUNT(*) AS delivered FROM delivered')
  return {
    async send({ key, customerId, template }: { key: string; customerId: string; template: string }): Promise<void> {
      await delay(options.delayMs)
      insert.run(key, customerId, template, options.now().toISOString())
    },
    delivered: () => (count.get() as { delivered: number }).delivered,
    close: () => database.close(),
  }
}
