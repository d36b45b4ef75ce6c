/** What Analytics remembers is only what it has read: it may be emptied and read again at any time (kit/replay.ts). */
import type { Kysely } from 'kysely'
import { type DatabasePlace, type KitTables, openDatabase } from '../kit/database.ts'

export type AnalyticsTables = KitTables & {
  orders: { order_id: string; status: 'created' | 'confirmed' | 'cancelled'; total: number }
  order_lines: { order_id: string; sku: string; quantity: number; amount: number }
  sales: { sku: string; quantity: number; amount: number }
}

/** Children before their parents. */
export const readModel = ['order_lines', 'orders', 'sales'] as const

const migrations = [
  `
  CREATE TABLE orders (
    order_id TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('created', 'confirmed', 'cancelled')),
    total INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX orders_by_status ON orders (status, total);
  CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (order_id, sku)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sales (
    sku TEXT PRIMARY KEY,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]

export function openAnalyticsDatabase(place: DatabasePlace): Promise<Kysely<AnalyticsTables>> {
  return openDatabase<AnalyticsTables>(place, migrations)
}
