/** What Payment remembers: one payment per order, whatever arrives how often. */
import type { Kysely } from 'kysely'
import { type DatabasePlace, type KitTables, openDatabase } from '../kit/database.ts'

export type PaymentTables = KitTables & {
  payments: {
    payment_id: string
    order_id: string
    status: 'charged' | 'declined' | 'refunded' | 'voided'
    /** Which try of the order this is about: a client in REST style may try again after a failure. */
    attempt: number
    amount: number
    currency: 'EUR'
    bank_reference: string | null
    reason: string | null
    at: string
  }
}

const migrations = [
  `
  CREATE TABLE payments (
    payment_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('charged', 'declined', 'refunded', 'voided')),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    bank_reference TEXT,
    reason TEXT,
    at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX payments_by_status ON payments (status, amount);
  `,
]

export function openPaymentDatabase(place: DatabasePlace): Promise<Kysely<PaymentTables>> {
  return openDatabase<PaymentTables>(place, migrations)
}
