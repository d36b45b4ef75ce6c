/** Order in event style: hears what the others did, and decides once both payment and stock are known, or one refuses. */
import { inventory } from '../contracts/inventory.ts'
import { notifications } from '../contracts/notifications.ts'
import { payments } from '../contracts/payments.ts'
import { on, type Reactions, type ServiceTransaction } from '../kit/reaction.ts'
import type { OrderTables } from './database.ts'
import { type Heard, hear as hearResult } from './hear.ts'

type Tables = OrderTables

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
    await hearResult(transaction, heard)
  }
}
