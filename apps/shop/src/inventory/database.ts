/** What Inventory remembers: what is on the shelf, and one reservation per order. Stock can't go below zero: the table refuses. */
import type { Kysely } from 'kysely'
import { products } from '../contracts/products.ts'
import { type DatabasePlace, type KitTables, openDatabase } from '../kit/database.ts'

export type InventoryTables = KitTables & {
  stock: { sku: string; initial: number; available: number }
  reservations: {
    reservation_id: string
    order_id: string
    status: 'reserved' | 'rejected' | 'released'
    attempt: number
    missing: string
    at: string
  }
  reservation_lines: { reservation_id: string; sku: string; quantity: number }
}

const migrations = [
  `
  CREATE TABLE stock (
    sku TEXT PRIMARY KEY,
    initial INTEGER NOT NULL,
    available INTEGER NOT NULL CHECK (available >= 0)
  ) STRICT;
  CREATE TABLE reservations (
    reservation_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('reserved', 'rejected', 'released')),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    missing TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX reservations_by_status ON reservations (status);
  CREATE TABLE reservation_lines (
    reservation_id TEXT NOT NULL REFERENCES reservations (reservation_id),
    sku TEXT NOT NULL REFERENCES stock (sku),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, sku)
  ) STRICT;
  `,
]

export async function stockShelves(database: Kysely<InventoryTables>): Promise<void> {
  await database
    .insertInto('stock')
    .values(products.map(({ sku, initialStock }) => ({ sku, initial: initialStock, available: initialStock })))
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

export function openInventoryDatabase(place: DatabasePlace): Promise<Kysely<InventoryTables>> {
  return openDatabase<InventoryTables>(place, migrations)
}
