/**
 * Order hears a result, by whatever way it comes (the log, an answer to a call, the deadline), and decides; all in the
 * transaction at hand. What it decides is published with it.
 */
import { orders } from '../contracts/orders.ts'
import { cancelDeadline } from '../kit/deadlines.ts'
import type { ServiceTransaction } from '../kit/reaction.ts'
import { note, type OrderTables } from './database.ts'
import { apply, type Decision, decide, evolve, type OrderState, type Result } from './order.ts'
import { readOrderCreated } from './queries.ts'

export type Heard = { orderId: string; at: string; service: string; what: string; detail?: string; result?: Result }

/** After this an order without an outcome is cancelled. */
export const outcomeDeadline = 'order-outcome'

/** @returns the order's status now, or undefined for an order that is not ours: the log may be older than this database */
export async function hear(
  transaction: ServiceTransaction<OrderTables>,
  heard: Heard,
): Promise<OrderState['status'] | undefined> {
  const { database, now } = transaction
  const row = await database.selectFrom('orders').selectAll().where('order_id', '=', heard.orderId).executeTakeFirst()
  if (row === undefined) return undefined
  await note(database, heard)
  const { result } = heard
  if (result === undefined) return row.status
  const before: OrderState = {
    status: row.status,
    payment: row.payment,
    stock: row.stock,
    paymentId: row.payment_id,
    reservationId: row.reservation_id,
  }
  let state = evolve(before, result)
  const decision = decide(state, result)
  if (decision !== undefined) state = apply(state, decision)
  const isFinal = state.status === 'confirmed' || state.status === 'cancelled'
  await database
    .updateTable('orders')
    .set({
      status: state.status,
      payment: state.payment,
      stock: state.stock,
      payment_id: state.paymentId,
      reservation_id: state.reservationId,
      reason: decision?.kind === 'cancel' ? decision.reason : row.reason,
      final_at: decision !== undefined && isFinal ? now.toISOString() : row.final_at,
    })
    .where('order_id', '=', heard.orderId)
    .execute()
  if (decision !== undefined) {
    await carryOut(transaction, { orderId: heard.orderId, customerId: row.customer_id }, decision)
    if (isFinal) await cancelDeadline(database, { kind: outcomeDeadline, subject: heard.orderId })
  }
  return state.status
}

async function carryOut(
  { database, now, publish }: ServiceTransaction<OrderTables>,
  order: { orderId: string; customerId: string },
  decision: Decision,
): Promise<void> {
  const { orderId } = order
  const decided = { orderId, at: now, service: 'order' }
  if (decision.kind === 'confirm') {
    const { paymentId, reservationId } = decision
    await publish(orders, 'shop.order.confirmed.v1', { ...order, paymentId, reservationId })
    await note(database, { ...decided, what: 'confirmed' })
  } else if (decision.kind === 'cancel') {
    await publish(orders, 'shop.order.cancelled.v1', { ...order, reason: decision.reason })
    await note(database, { ...decided, what: 'cancelled', detail: decision.reason })
  } else {
    const eventId = await publish(orders, 'shop.order.created.v2', await readOrderCreated(database, orderId))
    await database.updateTable('orders').set({ created_event_id: eventId }).where('order_id', '=', orderId).execute()
    await note(database, { ...decided, what: 'begun' })
  }
}
