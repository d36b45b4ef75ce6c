/** Reading orders. An order that is not in the log yet is `stored`; its history says when it got there. */
import type { Kysely, Selectable } from 'kysely'
import type { Sealed } from '../contracts/common.ts'
import type { HistoryEntry, OrderDetail, OrderSummary } from '../contracts/http.ts'
import type { SpanView } from '../contracts/operations.ts'
import type { OrderCreated } from '../contracts/orders.ts'
import { unseal } from '../kit/sealed.ts'
import { spanIdOf } from '../kit/trace.ts'
import { findKey } from './customers.ts'
import type { OrderTables } from './database.ts'

type Row = Selectable<OrderTables['orders']> & { sent_at: string | null }

export async function readOrder(database: Kysely<OrderTables>, orderId: string): Promise<OrderDetail | undefined> {
  const row = await select(database).where('order_id', '=', orderId).executeTakeFirst()
  if (row === undefined) return undefined
  const lines = await database
    .selectFrom('order_lines')
    .select(['sku', 'quantity', 'unit_price'])
    .where('order_id', '=', orderId)
    .orderBy('position')
    .execute()
  const notes = await database
    .selectFrom('history')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('position')
    .execute()
  const startMs = Date.parse(row.created_at)
  const entry = (at: string, service: string, what: string): HistoryEntry => ({
    at,
    afterMs: Math.max(0, Date.parse(at) - startMs),
    service,
    what,
  })
  const history = notes.map(
    (note): HistoryEntry => ({
      ...entry(note.at, note.service, note.what),
      ...(note.duration_ms === null ? {} : { durationMs: note.duration_ms }),
      ...(note.detail === null ? {} : { detail: note.detail }),
    }),
  )
  if (row.sent_at !== null) history.push(entry(row.sent_at, 'log', 'acknowledged'))
  history.sort((a, b) => a.at.localeCompare(b.at))
  return {
    ...summary(row),
    ...(row.shipping_address === null
      ? {}
      : { shippingAddress: await readAddress(database, row.customer_id, row.shipping_address) }),
    items: lines.map(line => ({ sku: line.sku, quantity: line.quantity, unitPrice: line.unit_price })),
    history,
  }
}

/** The order as its event tells it. */
export async function readOrderCreated(database: Kysely<OrderTables>, orderId: string): Promise<OrderCreated> {
  const order = await readOrder(database, orderId)
  if (order === undefined) throw new Error(`order ${orderId} is not stored`)
  const { customerId, items: lines, total, currency } = order
  const { shipping_address: address } = await database
    .selectFrom('orders')
    .select('shipping_address')
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow()
  const shippingAddress = address === null ? null : (JSON.parse(address) as Sealed)
  return { orderId, customerId, lines, total, currency, shippingAddress }
}

/** @returns null once the customer is erased */
async function readAddress(database: Kysely<OrderTables>, customerId: string, address: string): Promise<string | null> {
  const key = await findKey(database, customerId)
  if (key === undefined) return null
  try {
    return unseal(key, JSON.parse(address) as Sealed)
  } catch {
    return null // Sealed with an earlier key, which is lost.
  }
}

export async function readOrders(
  database: Kysely<OrderTables>,
  page: { limit: number; before?: string | undefined },
): Promise<{ orders: OrderSummary[]; next?: string }> {
  // Order ids begin with the time, so their order is the orders' age.
  let query = select(database)
    .orderBy('order_id', 'desc')
    .limit(page.limit + 1)
  if (page.before !== undefined) query = query.where('order_id', '<', page.before)
  const rows = await query.execute()
  const orders = rows.slice(0, page.limit).map(summary)
  const last = orders.at(-1)
  return rows.length > page.limit && last !== undefined ? { orders, next: last.orderId } : { orders }
}

function select(database: Kysely<OrderTables>) {
  return database
    .selectFrom('orders')
    .leftJoin('outbox', 'outbox.id', 'orders.created_event_id')
    .selectAll('orders')
    .select('outbox.sent_at')
}

function summary(row: Row): OrderSummary {
  const isStored = row.created_event_id !== null && row.status === 'pending' && row.sent_at === null
  return {
    orderId: row.order_id,
    customerId: row.customer_id,
    style: row.style,
    status: isStored ? 'stored' : row.status,
    ...(row.reason === null ? {} : { reason: row.reason }),
    total: row.total,
    currency: row.currency,
    createdAt: row.created_at,
    ...(row.final_at === null
      ? {}
      : { finalAfterMs: Math.max(0, Date.parse(row.final_at) - Date.parse(row.created_at)) }),
  }
}

/** The request that brought the order in: the root of its trace. */
export async function requestSpan(database: Kysely<OrderTables>, orderId: string): Promise<SpanView[]> {
  const row = await database
    .selectFrom('orders')
    .select(['traceparent', 'created_at', 'style'])
    .where('order_id', '=', orderId)
    .executeTakeFirst()
  if (row === undefined) return []
  const name = `POST /orders?style=${row.style}`
  const spanId = spanIdOf(row.traceparent) ?? ''
  return [{ spanId, parentId: null, service: 'order', kind: 'serve', name, at: row.created_at, durationMs: null }]
}
