/** Analytics in event style; there is no other. It joined later, and the log told it all that had happened before. */
import { orders } from '../contracts/orders.ts'
import { on, type Reactions } from '../kit/reaction.ts'
import type { AnalyticsTables } from './database.ts'
import { countCancelled, countConfirmed, countCreated } from './totals.ts'

type Tables = AnalyticsTables

export function analyticsReactions(): Reactions<Tables> {
  return {
    ...on<Tables, typeof orders, 'shop.order.created.v2'>(
      orders,
      'shop.order.created.v2',
      ({ data }) =>
        ({ database }) =>
          countCreated(database, data),
    ),
    ...on<Tables, typeof orders, 'shop.order.confirmed.v1'>(
      orders,
      'shop.order.confirmed.v1',
      ({ data }) =>
        ({ database }) =>
          countConfirmed(database, data.orderId),
    ),
    ...on<Tables, typeof orders, 'shop.order.cancelled.v1'>(
      orders,
      'shop.order.cancelled.v1',
      ({ data }) =>
        ({ database }) =>
          countCancelled(database, data.orderId),
    ),
  }
}
