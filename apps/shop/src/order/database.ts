/** What Order remembers: orders, their lines, and what happened to each, in order. */
import type { Generated, Kysely } from 'kysely'
import type { Style } from '../contracts/http.ts'
import { type DatabasePlace, type KitTables, openDatabase } from '../kit/database.ts'
import type { OrderState } from './order.ts'

export type OrderTables = KitTables & {
  orders: {
    order_id: string
    customer_id: string
    style: Style
    status: OrderState['status']
    reason: string | null
    payment: OrderState['payment']
    stock: OrderState['stock']
    payment_id: string | null
    reservation_id: string | null
    total: number
    currency: 'EUR'
    /** Sealed, as JSON. */
    shipping_address: string | null
    attempt: number
    created_event_id: string | null
    /** The instance of the service that took it in. */
    owner: string
    traceparent: string
    created_at: string
    final_at: string | null
  }
  customer_keys: { customer_id: string; key: string }
  order_lines: { order_id: string; position: number; sku: string; quantity: number; unit_price: number }
  history: {
    position: Generated<number>
    order_id: string
    at: string
    service: string
    what: string
    duration_ms: number | null
    detail: string | null
  }
}

const migrations = [
  `
  CREATE TABLE orders (
    order_id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    style TEXT NOT NULL CHECK (style IN ('events', 'rest', 'rest-hardened', 'mixed')),
    status TEXT NOT NULL CHECK (status IN ('paying', 'pending', 'confirmed', 'cancelled')),
    reason TEXT,
    payment TEXT NOT NULL CHECK (payment IN ('open', 'charged', 'declined')),
    stock TEXT NOT NULL CHECK (stock IN ('open', 'reserved', 'rejected')),
    payment_id TEXT,
    reservation_id TEXT,
    total INTEGER NOT NULL CHECK (total >= 0),
    currency TEXT NOT NULL,
    shipping_address TEXT,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    created_event_id TEXT,
    owner TEXT NOT NULL,
    traceparent TEXT NOT NULL,
    created_at TEXT NOT NULL,
    final_at TEXT
  ) STRICT;
  CREATE INDEX orders_by_status ON orders (style, status, total);
  CREATE TABLE customer_keys (customer_id TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT;
  CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    position INTEGER NOT NULL,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price INTEGER NOT NULL CHECK (unit_price >= 0),
    PRIMARY KEY (order_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE history (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    at TEXT NOT NULL,
    service TEXT NOT NULL,
    what TEXT NOT NULL,
    duration_ms REAL,
    detail TEXT
  ) STRICT;
  CREATE INDEX history_by_order ON history (order_id, position);
  `,
]

export function openOrderDatabase(place: DatabasePlace): Promise<Kysely<OrderTables>> {
  return openDatabase<OrderTables>(place, migrations)
}

export type HistoryNote = {
  orderId: string
  at: Date | string
  service: string
  what: string
  durationMs?: number
  detail?: string
}

export async function note(database: Kysely<OrderTables>, entry: HistoryNote): Promise<void> {
  await database
    .insertInto('history')
    .values({
      order_id: entry.orderId,
      at: typeof entry.at === 'string' ? entry.at : entry.at.toISOString(),
      service: entry.service,
      what: entry.what,
      duration_ms: entry.durationMs ?? null,
      detail: entry.detail ?? null,
    })
    .execute()
}
