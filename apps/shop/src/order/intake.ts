/**
 * Taking an order in: price it, claim the client's Idempotency-Key, and store it, all in one transaction. In event style the
 * OrderCreated event is a row of the same transaction: an order without its event can't exist. So is its deadline, in every style.
 */
import type { Kysely } from 'kysely'
import type { OrderRequest, Style } from '../contracts/http.ts'
import { type OrderCreated, orders } from '../contracts/orders.ts'
import { findProduct } from '../contracts/products.ts'
import { setDeadline } from '../kit/deadlines.ts'
import { answerKey, type Claim, claimKey, fingerprint } from '../kit/idempotency-key.ts'
import { publish } from '../kit/outbox.ts'
import { HttpProblem } from '../kit/problem.ts'
import { seal } from '../kit/sealed.ts'
import { uuidv7 } from '../kit/uuid.ts'
import { keyOf } from './customers.ts'
import { note, type OrderTables } from './database.ts'
import { outcomeDeadline } from './hear.ts'
import { newOrder } from './order.ts'

export type Intake = { claim: Claim; order: OrderCreated; eventId: string | undefined }

export async function takeIn(
  database: Kysely<OrderTables>,
  options: {
    request: OrderRequest
    style: Style
    key: string | undefined
    traceparent: string
    owner: string
    /** When the order is cancelled if it has no outcome. */
    deadline: Date
    now: Date
  },
): Promise<Intake> {
  const { request, style, key, traceparent, owner, deadline, now } = options
  const unsealed = priced(request, uuidv7(now.getTime()))
  return database.transaction().execute(async transaction => {
    const order: OrderCreated = { ...unsealed, shippingAddress: null }
    if (key !== undefined) {
      const claim = await claimKey<OrderTables>(transaction, {
        key,
        fingerprint: fingerprint([
          style,
          request.customerId,
          request.items.map(item => [item.sku, item.quantity]),
          request.shippingAddress,
        ]),
        resourceId: order.orderId,
        owner,
        now,
      })
      if (claim.kind !== 'new') return { claim, order, eventId: undefined }
    }
    if (request.shippingAddress !== undefined) {
      const key = await keyOf(transaction, order.customerId, { traceparent, now })
      order.shippingAddress = seal(key, request.shippingAddress)
    }
    await store(transaction, { order, style, owner, traceparent, now })
    await setDeadline<OrderTables>(transaction, {
      kind: outcomeDeadline,
      subject: order.orderId,
      traceparent,
      dueAt: deadline,
    })
    if (style !== 'events') return { claim: { kind: 'new' }, order, eventId: undefined }
    const eventId = await publish<OrderTables, typeof orders, 'shop.order.created.v2'>(transaction, {
      topic: orders,
      type: 'shop.order.created.v2',
      subject: order.orderId,
      data: order,
      traceparent,
      now,
    })
    await transaction
      .updateTable('orders')
      .set({ created_event_id: eventId })
      .where('order_id', '=', order.orderId)
      .execute()
    if (key !== undefined) {
      await answerKey<OrderTables>(transaction, key, {
        statusCode: 201,
        answer: { orderId: order.orderId, status: 'pending' },
      })
    }
    return { claim: { kind: 'new' }, order, eventId }
  })
}

function priced(request: OrderRequest, orderId: string): Omit<OrderCreated, 'shippingAddress'> {
  const unknown = request.items.flatMap((item, index) =>
    findProduct(item.sku) === undefined
      ? [{ field: `items[${index}].sku`, message: `there is no product ${item.sku}` }]
      : [],
  )
  if (unknown.length > 0) {
    throw new HttpProblem(422, unknown.map(e => `${e.field}: ${e.message}`).join('; '), { errors: unknown })
  }
  const lines = request.items.map(({ sku, quantity }) => ({ sku, quantity, unitPrice: findProduct(sku)!.unitPrice }))
  const total = lines.reduce((sum, line) => sum + line.quantity * line.unitPrice, 0)
  return { orderId, customerId: request.customerId, lines, total, currency: 'EUR' }
}

async function store(
  transaction: Kysely<OrderTables>,
  given: { order: OrderCreated; style: Style; owner: string; traceparent: string; now: Date },
): Promise<void> {
  const { order, style, owner, traceparent, now } = given
  const { orderId } = order
  await transaction
    .insertInto('orders')
    .values({
      order_id: orderId,
      customer_id: order.customerId,
      style,
      status: style === 'mixed' ? 'paying' : newOrder.status,
      reason: null,
      payment: newOrder.payment,
      stock: newOrder.stock,
      payment_id: null,
      reservation_id: null,
      total: order.total,
      currency: order.currency,
      shipping_address: order.shippingAddress === null ? null : JSON.stringify(order.shippingAddress),
      attempt: 1,
      created_event_id: null,
      owner,
      traceparent,
      created_at: now.toISOString(),
      final_at: null,
    })
    .execute()
  await transaction
    .insertInto('order_lines')
    .values(
      order.lines.map((line, position) => ({
        order_id: orderId,
        position,
        sku: line.sku,
        quantity: line.quantity,
        unit_price: line.unitPrice,
      })),
    )
    .execute()
  await note(transaction, { orderId, at: now, service: 'order', what: 'stored' })
}
