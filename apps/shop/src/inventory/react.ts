/** Inventory in event style: holds what was ordered, puts back what was cancelled, and says so. */
import { inventory } from '../contracts/inventory.ts'
import { orders } from '../contracts/orders.ts'
import { on, type Reactions } from '../kit/reaction.ts'
import type { InventoryTables } from './database.ts'
import { release, reserve } from './reserve.ts'

export function inventoryReactions(): Reactions<InventoryTables> {
  return {
    ...on<InventoryTables, typeof orders, 'shop.order.created.v2'>(orders, 'shop.order.created.v2', event => {
      const { orderId } = event.data
      const lines = event.data.lines.map(({ sku, quantity }) => ({ sku, quantity }))
      return async ({ database, now, publish }) => {
        const result = await reserve(database, { orderId, attempt: 1, lines }, now)
        if (result.outcome === 'reserved') {
          await publish(inventory, 'shop.stock.reserved.v1', { orderId, reservationId: result.reservationId, lines })
        } else {
          await publish(inventory, 'shop.stock.rejected.v1', { orderId, missing: result.missing })
        }
      }
    }),
    ...on<InventoryTables, typeof orders, 'shop.order.cancelled.v1'>(orders, 'shop.order.cancelled.v1', event => {
      return async ({ database, now, publish }) => {
        const released = await release(database, { orderId: event.data.orderId, attempt: 1 }, now)
        if (released !== undefined) await publish(inventory, 'shop.stock.released.v1', released)
      }
    }),
  }
}
