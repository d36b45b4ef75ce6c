/** Reserving and releasing, the same in every style. All lines or none: an order is not sent in halves. */
import type { Kysely } from 'kysely'
import type { OrderLine } from '../contracts/common.ts'
import { uuidv7 } from '../kit/uuid.ts'
import type { InventoryTables } from './database.ts'

export type Missing = { sku: string; requested: number; available: number }
export type ReserveResult = { outcome: 'reserved'; reservationId: string } | { outcome: 'rejected'; missing: Missing[] }
export type Release = { orderId: string; reservationId: string; lines: OrderLine[] }

type Tables = Kysely<InventoryTables>

/** @param order `attempt` counts a client's tries of this order: the same attempt has the same result, however often it is asked */
export async function reserve(
  transaction: Tables,
  order: { orderId: string; attempt: number; lines: readonly OrderLine[] },
  now: Date,
): Promise<ReserveResult> {
  const known = await transaction
    .selectFrom('reservations')
    .selectAll()
    .where('order_id', '=', order.orderId)
    .executeTakeFirst()
  if (known !== undefined && (known.status === 'reserved' || known.attempt >= order.attempt)) {
    if (known.status === 'rejected') return { outcome: 'rejected', missing: JSON.parse(known.missing) as Missing[] }
    return { outcome: 'reserved', reservationId: known.reservation_id }
  }
  const lines = addUp(order.lines)
  const missing = await findMissing(transaction, lines)
  const reservation = {
    reservation_id: uuidv7(now.getTime()),
    order_id: order.orderId,
    status: missing.length > 0 ? ('rejected' as const) : ('reserved' as const),
    attempt: order.attempt,
    missing: JSON.stringify(missing),
    at: now.toISOString(),
  }
  if (known !== undefined) {
    await transaction.deleteFrom('reservation_lines').where('reservation_id', '=', known.reservation_id).execute()
    await transaction.deleteFrom('reservations').where('reservation_id', '=', known.reservation_id).execute()
  }
  await transaction.insertInto('reservations').values(reservation).execute()
  if (missing.length > 0) return { outcome: 'rejected', missing }
  for (const { sku, quantity } of lines) {
    await transaction
      .updateTable('stock')
      .set(({ eb }) => ({ available: eb('available', '-', quantity) }))
      .where('sku', '=', sku)
      .execute()
    await transaction
      .insertInto('reservation_lines')
      .values({ reservation_id: reservation.reservation_id, sku, quantity })
      .execute()
  }
  return { outcome: 'reserved', reservationId: reservation.reservation_id }
}

/**
 * Puts back what the order holds; an order that holds nothing yet will then not get anything in this attempt either: a call that
 * is late must not undo what undid it.
 * @returns undefined when it holds nothing
 */
export async function release(
  transaction: Tables,
  { orderId, attempt }: { orderId: string; attempt: number },
  now: Date,
): Promise<Release | undefined> {
  const reservation = await transaction
    .selectFrom('reservations')
    .selectAll()
    .where('order_id', '=', orderId)
    .executeTakeFirst()
  if (reservation?.status !== 'reserved') {
    if (reservation !== undefined && reservation.attempt >= attempt) return undefined
    const released = { order_id: orderId, status: 'released' as const, attempt, missing: '[]', at: now.toISOString() }
    await transaction
      .insertInto('reservations')
      .values({ reservation_id: uuidv7(now.getTime()), ...released })
      .onConflict(conflict => conflict.column('order_id').doUpdateSet(released))
      .execute()
    return undefined
  }
  const lines = await transaction
    .selectFrom('reservation_lines')
    .select(['sku', 'quantity'])
    .where('reservation_id', '=', reservation.reservation_id)
    .execute()
  for (const { sku, quantity } of lines) {
    await transaction
      .updateTable('stock')
      .set(({ eb }) => ({ available: eb('available', '+', quantity) }))
      .where('sku', '=', sku)
      .execute()
  }
  await transaction
    .updateTable('reservations')
    .set({ status: 'released', at: now.toISOString() })
    .where('order_id', '=', orderId)
    .execute()
  return { orderId, reservationId: reservation.reservation_id, lines }
}

async function findMissing(transaction: Tables, lines: readonly OrderLine[]): Promise<Missing[]> {
  const skus = lines.map(line => line.sku)
  const stock = await transaction.selectFrom('stock').selectAll().where('sku', 'in', skus).execute()
  return lines
    .map(line => ({
      sku: line.sku,
      requested: line.quantity,
      available: stock.find(row => row.sku === line.sku)?.available ?? 0,
    }))
    .filter(line => line.available < line.requested)
}

function addUp(lines: readonly OrderLine[]): OrderLine[] {
  const bySku = new Map<string, number>()
  for (const { sku, quantity } of lines) bySku.set(sku, (bySku.get(sku) ?? 0) + quantity)
  return [...bySku].map(([sku, quantity]) => ({ sku, quantity }))
}
