/** What the simulated provider has delivered: one mail per key, apart from what Notification believes. */
import type { MailMessage } from '../../contracts/simulators.ts'
import { openSqlite } from '../../kit/sqlite.ts'

const schema = `
  CREATE TABLE delivered (
    key TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    template TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT;
`

export function openMailBook(options: { path: string; now: () => Date }) {
  const database = openSqlite(options.path, { mail: [schema] })
  const insert = database.prepare(
    'INSERT INTO delivered (key, customer_id, template, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const count = database.prepare('SELECT COUNT(*) AS delivered FROM delivered')
  return {
    deliver: ({ key, customerId, template }: MailMessage): void => {
      insert.run(key, customerId, template, options.now().toISOString())
    },
    delivered: () => (count.get() as { delivered: number }).delivered,
    close: () => database.close(),
  }
}
