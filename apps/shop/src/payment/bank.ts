/**
 * A simulated bank, in a file of its own: slow like one, with a limit per charge like one, and with a book that an auditor can
 * read. Like real ones it takes a reference and does a thing once per reference; a second charge of one order under another
 * reference would show in its book.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { migrate, openSqlite } from '../kit/database.ts'

export type BankAnswer = { approved: true; reference: string } | { approved: false; reason: string }
export type BankEntry = { kind: 'charge' | 'refund'; orderId: string; amount: number; reference: string }
export type BankBook = { charges: number; refunds: number; balance: number; ordersChargedTwice: number }

export type Bank = ReturnType<typeof openBank>

const schema = `
  CREATE TABLE entries (
    reference TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_order ON entries (order_id, kind, amount);
`

export function openBank(options: { path: string; delayMs: number; limit: number; now: () => Date }) {
  const database = openSqlite(options.path)
  migrate(database, [schema])
  const find = database.prepare('SELECT reference FROM entries WHERE reference = ?')
  const insert = database.prepare('INSERT INTO entries (reference, order_id, kind, amount, at) VALUES (?, ?, ?, ?, ?)')
  const ofOrder = database.prepare(
    'SELECT kind, order_id AS orderId, amount, reference FROM entries WHERE order_id = ? ORDER BY rowid',
  )
  const totals = database.prepare(`
    SELECT COUNT(*) FILTER (WHERE kind = 'charge') AS charges,
           COUNT(*) FILTER (WHERE kind = 'refund') AS refunds,
           COALESCE(SUM(CASE kind WHEN 'charge' THEN amount ELSE -amount END), 0) AS balance
    FROM entries`)
  const twice = database.prepare(`
    SELECT COUNT(*) AS orders FROM (
      SELECT 1 FROM entries GROUP BY order_id HAVING SUM(CASE kind WHEN 'charge' THEN 1 ELSE -1 END) > 1)`)

  const enter = (entry: BankEntry) => {
    if (find.get(entry.reference) !== undefined) return
    insert.run(entry.reference, entry.orderId, entry.kind, entry.amount, options.now().toISOString())
  }
  return {
    async charge({
      reference,
      orderId,
      amount,
    }: {
      reference: string
      orderId: string
      amount: number
    }): Promise<BankAnswer> {
      await delay(options.delayMs)
      if (amount > options.limit) return { approved: false, reason: 'over the limit of the card' }
      enter({ kind: 'charge', orderId, amount, reference: `charge/${reference}` })
      return { approved: true, reference: `charge/${reference}` }
    },
    async refund({
      reference,
      orderId,
      amount,
    }: {
      reference: string
      orderId: string
      amount: number
    }): Promise<void> {
      await delay(options.delayMs)
      enter({ kind: 'refund', orderId, amount, reference: `refund/${reference}` })
    },
    entriesOf: (orderId: string) => ofOrder.all(orderId) as BankEntry[],
    book(): BankBook {
      const { charges, refunds, balance } = totals.get() as Omit<BankBook, 'ordersChargedTwice'>
      return { charges, refunds, balance, ordersChargedTwice: (twice.get() as { orders: number }).orders }
    },
    close: () => database.close(),
  }
}
