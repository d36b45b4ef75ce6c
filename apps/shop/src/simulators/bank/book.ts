/**
 * The simulated bank's own book: a limit per charge, one entry per reference, and totals that an auditor can read. A second
 * charge of one order under another reference is an entry like any other, and shows in the totals.
 */

import type { BankAnswer, BankCancel, BankCharge, BankEntry } from '../../contracts/simulators.ts'
import { openSqlite } from '../../kit/sqlite.ts'

export type BankTotals = { charges: number; refunds: number; balance: number; ordersChargedTwice: number }

const schema = `
  CREATE TABLE entries (
    reference TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE cancelled (reference TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE INDEX entries_by_order ON entries (order_id, kind, amount);
`

export function openBankBook(options: { path: string; limit: number; now: () => Date }) {
  const database = openSqlite(options.path, { bank: [schema] })
  const find = database.prepare('SELECT amount FROM entries WHERE reference = ?')
  const findCancelled = database.prepare('SELECT 1 FROM cancelled WHERE reference = ?')
  const cancel = database.prepare('INSERT INTO cancelled (reference) VALUES (?) ON CONFLICT DO NOTHING')
  const insert = database.prepare('INSERT INTO entries (reference, order_id, kind, amount, at) VALUES (?, ?, ?, ?, ?)')
  const ofOrders = database.prepare(`
    SELECT kind, order_id AS orderId, amount, reference FROM entries
    WHERE order_id IN (SELECT value FROM json_each(?)) ORDER BY rowid`)
  const totals = database.prepare(`
    SELECT COUNT(*) FILTER (WHERE kind = 'charge') AS charges,
           COUNT(*) FILTER (WHERE kind = 'refund') AS refunds,
           COALESCE(SUM(CASE kind WHEN 'charge' THEN amount ELSE -amount END), 0) AS balance
    FROM entries`)
  const twice = database.prepare(`
    SELECT COUNT(*) AS orders FROM (
      SELECT 1 FROM entries GROUP BY order_id HAVING SUM(CASE kind WHEN 'charge' THEN 1 ELSE -1 END) > 1)`)

  const enter = (kind: BankEntry['kind'], { reference, orderId, amount }: Omit<BankCharge, 'currency'>): string => {
    const id = `${kind}/${reference}`
    if (find.get(id) === undefined) insert.run(id, orderId, kind, amount, options.now().toISOString())
    return id
  }
  return {
    charge(order: Omit<BankCharge, 'currency'>): BankAnswer {
      if (order.amount > options.limit) return { outcome: 'declined', reason: 'over the limit of the card' }
      const isNew = find.get(`charge/${order.reference}`) === undefined
      if (isNew && findCancelled.get(order.reference) !== undefined) {
        return { outcome: 'declined', reason: 'cancelled before it was charged' }
      }
      return { outcome: 'approved', reference: enter('charge', order) }
    },
    /** @returns what was given back, also when it is asked again */
    cancel({ reference, orderId }: BankCancel): number {
      const charged = find.get(`charge/${reference}`) as { amount: number } | undefined
      if (charged === undefined) {
        cancel.run(reference)
        return 0
      }
      enter('refund', { reference, orderId, amount: charged.amount })
      return charged.amount
    },
    /** In the order in which they were made. */
    entriesOf: (orderIds: readonly string[]) => ofOrders.all(JSON.stringify(orderIds)) as BankEntry[],
    totals(): BankTotals {
      const { charges, refunds, balance } = totals.get() as Omit<BankTotals, 'ordersChargedTwice'>
      return { charges, refunds, balance, ordersChargedTwice: (twice.get() as { orders: number }).orders }
    },
    close: () => database.close(),
  }
}
