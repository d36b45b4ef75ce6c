/** What Notification remembers: every mail it has sent, one per order and template. */
import type { Kysely } from 'kysely'
import type { Template } from '../contracts/notifications.ts'
import { type DatabasePlace, type KitTables, openDatabase } from '../kit/database.ts'

export type NotificationTables = KitTables & {
  customer_keys: { customer_id: string; key: string }
  sent: { order_id: string; template: Template; customer_id: string; at: string }
}

const migrations = [
  `
  CREATE TABLE customer_keys (customer_id TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT;
  CREATE TABLE sent (
    order_id TEXT NOT NULL,
    template TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (order_id, template)
  ) STRICT;
  CREATE INDEX sent_by_time ON sent (at);
  CREATE INDEX sent_by_template ON sent (template);
  `,
]

export function openNotificationDatabase(place: DatabasePlace): Promise<Kysely<NotificationTables>> {
  return openDatabase<NotificationTables>(place, migrations)
}
