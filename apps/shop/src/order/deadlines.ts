/** What becomes of an order that has no outcome in time, and of calls that must be undone. */
import type { DeadlineHandlers } from '../kit/deadline-loop.ts'
import type { OrderTables } from './database.ts'
import { hear, outcomeDeadline } from './hear.ts'
import { payAgainHandler } from './mixed.ts'
import type { OrderContext } from './peers.ts'
import { cancelInterruptedOrder } from './rest.ts'
import { undoHandler } from './rest-hardened.ts'

export function orderDeadlines(context: OrderContext): DeadlineHandlers<OrderTables> {
  return {
    ...undoHandler(context),
    ...payAgainHandler(context),
    [outcomeDeadline]: async ({ subject: orderId }) => {
      const order = await context.database
        .selectFrom('orders')
        .select(['style', 'status', 'attempt', 'order_id'])
        .where('order_id', '=', orderId)
        .executeTakeFirstOrThrow()
      if (order.style === 'rest' || order.style === 'rest-hardened') {
        // The instance that was calling for it has not come back.
        if (order.status === 'pending') await cancelInterruptedOrder(context, order)
        return async () => undefined
      }
      return async transaction => {
        const at = transaction.now.toISOString()
        await hear(transaction, { orderId, at, service: 'order', what: 'deadline', result: { kind: 'timed-out' } })
      }
    },
  }
}
