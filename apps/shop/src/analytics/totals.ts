/** The totals: orders by state, and what was sold. A sale counts when its order is confirmed. */
import type { Kysely } from 'kysely'
import type { Totals } from '../contracts/http.ts'
import type { OrderCreated } from '../contracts/orders.ts'
import type { AnalyticsTables } from './database.ts'

type Tables = Kysely<AnalyticsTables>

export async function countCreated(transaction: Tables, order: OrderCreated): Promise<void> {
  const { orderId, total } = order
  await transaction.insertInto('orders').values({ order_id: orderId, status: 'created', total }).execute()
  for (const [sku, { quantity, amount }] of bySku(order.lines)) {
    await transaction.insertInto('order_lines').values({ order_id: orderId, sku, quantity, amount }).execute()
  }
}

export async function countConfirmed(transaction: Tables, orderId: string): Promise<void> {
  if (!(await settle(transaction, orderId, 'confirmed'))) return
  const lines = await transaction.selectFrom('order_lines').selectAll().where('order_id', '=', orderId).execute()
  for (const { sku, quantity, amount } of lines) {
    await transaction
      .insertInto('sales')
      .values({ sku, quantity, amount })
      .onConflict(conflict =>
        conflict.column('sku').doUpdateSet(({ eb, ref }) => ({
          quantity: eb('sales.quantity', '+', ref('excluded.quantity')),
          amount: eb('sales.amount', '+', ref('excluded.amount')),
        })),
      )
      .execute()
  }
}

export async function countCancelled(transaction: Tables, orderId: string): Promise<void> {
  await settle(transaction, orderId, 'cancelled')
}

export async function readTotals(database: Tables): Promise<Totals> {
  const states = await database
    .selectFrom('orders')
    .select(({ fn }) => ['status', fn.countAll<number>().as('count'), fn.sum<number>('total').as('total')])
    .groupBy('status')
    .execute()
  const of = (status: string) => states.find(state => state.status === status)
  const created = states.reduce((sum, state) => sum + state.count, 0)
  return {
    orders: { created, confirmed: of('confirmed')?.count ?? 0, cancelled: of('cancelled')?.count ?? 0 },
    revenue: of('confirmed')?.total ?? 0,
    currency: 'EUR',
    bySku: await database.selectFrom('sales').selectAll().orderBy('sku').execute(),
  }
}

/** @returns false for an order that never began: in mixed style it may be cancelled before it is paid */
async function settle(transaction: Tables, orderId: string, status: 'confirmed' | 'cancelled'): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('orders')
    .set({ status })
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

function bySku(lines: OrderCreated['lines']): Map<string, { quantity: number; amount: number }> {
  const sums = new Map<string, { quantity: number; amount: number }>()
  for (const { sku, quantity, unitPrice } of lines) {
    const sum = sums.get(sku) ?? { quantity: 0, amount: 0 }
    sums.set(sku, { quantity: sum.quantity + quantity, amount: sum.amount + quantity * unitPrice })
  }
  return sums
}
