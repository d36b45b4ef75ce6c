/** Customers' keys: made with the first address, told to the others through the compacted topic `customers`, and lost on request. */
import type { Kysely } from 'kysely'
import { customers } from '../contracts/customers.ts'
import { publish } from '../kit/outbox.ts'
import { newKey } from '../kit/sealed.ts'
import type { OrderTables } from './database.ts'

type Tables = Kysely<OrderTables>
type Circumstances = { traceparent: string; now: Date }

export async function keyOf(transaction: Tables, customerId: string, circumstances: Circumstances): Promise<string> {
  const known = await findKey(transaction, customerId)
  if (known !== undefined) return known
  const key = newKey()
  await transaction.insertInto('customer_keys').values({ customer_id: customerId, key }).execute()
  await publish<OrderTables, typeof customers, 'shop.customer.keyed.v1'>(transaction, {
    topic: customers,
    type: 'shop.customer.keyed.v1',
    subject: customerId,
    data: { customerId, key },
    ...circumstances,
  })
  return key
}

export async function findKey(database: Tables, customerId: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('customer_keys')
    .select('key')
    .where('customer_id', '=', customerId)
    .executeTakeFirst()
  return row?.key
}

/**
 * Loses the key, here and (by a tombstone) everywhere. Orders stay, and so do all totals.
 * @returns false when there is none to lose
 */
export async function erase(transaction: Tables, customerId: string, circumstances: Circumstances): Promise<boolean> {
  if ((await findKey(transaction, customerId)) === undefined) return false
  await transaction.deleteFrom('customer_keys').where('customer_id', '=', customerId).execute()
  // The outbox keeps what it has sent, and must not keep this.
  await transaction
    .updateTable('outbox')
    .set({ data: JSON.stringify({ customerId, key: '' }) })
    .where('subject', '=', customerId)
    .where('type', '=', 'shop.customer.keyed.v1')
    .execute()
  await publish<OrderTables, typeof customers, 'shop.customer.erased.v1'>(transaction, {
    topic: customers,
    type: 'shop.customer.erased.v1',
    subject: customerId,
    data: null,
    ...circumstances,
  })
  return true
}
