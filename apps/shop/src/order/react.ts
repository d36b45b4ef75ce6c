/** Order in event style: hears what the others did, and decides once both payment and stock are known, or one refuses. */
import { inventory } from '../contracts/inventory.ts'
import { notifications } from '../contracts/notifications.ts'
import { orders } from '../contracts/orders.ts'
import { payments } from '../contracts/payments.ts'
import { on, type Reactions, type ServiceTransaction } from '../kit/reaction.ts'
import { note, type OrderTables } from './database.ts'
import { apply, decide, evolve, type OrderState, type Result } from './order.ts'

type Tables = OrderTables
type Heard = { orderId: string; at: string; service: string; what: string; detail?: string; result?: Result }

export function orderReactions(): Reactions<Tables> {
  return {
    ...on<Tables, typeof payments, 'shop.payment.charged.v1'>(
      payments,
      'shop.payment.charged.v1',
      ({ data, time: at }) =>
        hear({
          ...heardFrom('payment', data.orderId, at),
          what: 'charged',
          result: { kind: 'charged', paymentId: data.paymentId },
        }),
    ),
    ...on<Tables, typeof payments, 'shop.payment.declined.v1'>(
      payments,
      'shop.payment.declined.v1',
      ({ data, time: at }) =>
        hear({
          ...heardFrom('payment', data.orderId, at),
          what: 'declined',
          detail: data.reason,
          result: { kind: 'declined' },
        }),
    ),
    ...on<Tables, typeof payments, 'shop.payment.refunded.v1'>(
      payments,
      'shop.payment.refunded.v1',
      ({ data, time: at }) => hear({ ...heardFrom('payment', data.orderId, at), what: 'refunded' }),
    ),
    ...on<Tables, typeof inventory, 'shop.stock.reserved.v1'>(
      inventory,
      'shop.stock.reserved.v1',
      ({ data, time: at }) =>
        hear({
          ...heardFrom('inventory', data.orderId, at),
          what: 'reserved',
          result: { kind: 'reserved', reservationId: data.reservationId },
        }),
    ),
    ...on<Tables, typeof inventory, 'shop.stock.rejected.v1'>(
      inventory,
      'shop.stock.rejected.v1',
      ({ data, time: at }) =>
        hear({
          ...heardFrom('inventory', data.orderId, at),
          what: 'out of stock',
          detail: data.missing.map(line => `${line.sku}: ${line.available} of ${line.requested}`).join(', '),
          result: { kind: 'rejected' },
        }),
    ),
    ...on<Tables, typeof inventory, 'shop.stock.released.v1'>(
      inventory,
      'shop.stock.released.v1',
      ({ data, time: at }) => hear({ ...heardFrom('inventory', data.orderId, at), what: 'released' }),
    ),
    ...on<Tables, typeof notifications, 'shop.notification.sent.v1'>(
      notifications,
      'shop.notification.sent.v1',
      ({ data, time: at }) =>
        hear({ ...heardFrom('notification', data.orderId, at), what: 'mailed', detail: data.template }),
    ),
  }
}

const heardFrom = (service: string, orderId: string, at: string) => ({ service, orderId, at })

function hear(heard: Heard) {
  return async (transaction: ServiceTransaction<Tables>): Promise<void> => {
    const { database, now } = transaction
    const row = await database.selectFrom('orders').selectAll().where('order_id', '=', heard.orderId).executeTakeFirst()
    // The log may be older than this database (a fresh data directory on a used cluster): such an order is not ours.
    if (row === undefined) return
    await note(database, heard)
    if (heard.result === undefined) return
    const before: OrderState = {
      status: row.status,
      payment: row.payment,
      stock: row.stock,
      paymentId: row.payment_id,
      reservationId: row.reservation_id,
    }
    let state = evolve(before, heard.result)
    const decision = decide(state)
    if (decision !== undefined) state = apply(state, decision)
    const reason = decision?.kind === 'cancel' ? decision.reason : row.reason
    await database
      .updateTable('orders')
      .set({
        status: state.status,
        payment: state.payment,
        stock: state.stock,
        payment_id: state.paymentId,
        reservation_id: state.reservationId,
        reason,
        final_at: decision === undefined ? row.final_at : now.toISOString(),
      })
      .where('order_id', '=', heard.orderId)
      .execute()
    if (decision === undefined) return
    const { orderId } = heard
    const customerId = row.customer_id
    if (decision.kind === 'confirm') {
      const { paymentId, reservationId } = decision
      await transaction.publish(orders, 'shop.order.confirmed.v1', { orderId, customerId, paymentId, reservationId })
      await note(database, { orderId, at: now, service: 'order', what: 'confirmed' })
    } else {
      await transaction.publish(orders, 'shop.order.cancelled.v1', { orderId, customerId, reason: decision.reason })
      await note(database, { orderId, at: now, service: 'order', what: 'cancelled', detail: decision.reason })
    }
  }
}
