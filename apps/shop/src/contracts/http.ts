/**
 * The shop's HTTP API: one description per route. The service that owns a route serves it by this description, and the
 * gateway forwards and documents it by the same one, so the two can't disagree.
 */
import { z } from 'zod'
import { currency, minorUnits, sku } from './common.ts'
import { missingStock } from './inventory.ts'
import { template } from './notifications.ts'
import type { cancelReason } from './orders.ts'
import type { ServiceName } from './topic.ts'

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  orderId: z.string().optional(),
})
export type Problem = z.output<typeof problem>

export const style = z.enum(['events', 'rest', 'rest-hardened', 'mixed'])
export type Style = z.output<typeof style>

/**
 * `stored`: kept by Order, not yet in the log. `paying`: mixed style, before the payment is known. `pending`: others are at work.
 * The last two are final.
 */
export const orderStatus = z.enum(['stored', 'paying', 'pending', 'confirmed', 'cancelled'])

export const orderRequest = z.strictObject({
  customerId: z.string().trim().min(1).max(100),
  items: z
    .array(z.strictObject({ sku, quantity: z.int().min(1).max(1000) }))
    .min(1)
    .max(50),
  shippingAddress: z.string().trim().min(1).max(500).optional(),
})
export type OrderRequest = z.output<typeof orderRequest>

export const orderAnswer = z.object({ orderId: z.string(), status: orderStatus, reason: z.string().optional() })
export type OrderAnswer = z.output<typeof orderAnswer>

const historyEntry = z.object({
  at: z.string().describe('ISO 8601'),
  afterMs: z.number().describe('milliseconds since the order came in'),
  service: z.string(),
  what: z.string(),
  durationMs: z.number().optional().describe('for a call that was waited for'),
  detail: z.string().optional(),
})
export type HistoryEntry = z.output<typeof historyEntry>

const orderSummary = z.object({
  orderId: z.string(),
  customerId: z.string(),
  style,
  status: orderStatus,
  reason: z.string().optional(),
  total: minorUnits,
  currency,
  createdAt: z.string(),
  finalAfterMs: z.number().optional().describe('milliseconds until confirmed or cancelled'),
})
export type OrderSummary = z.output<typeof orderSummary>

export const orderDetail = orderSummary.extend({
  items: z.array(z.object({ sku, quantity: z.int(), unitPrice: minorUnits })),
  shippingAddress: z.string().nullable().optional().describe('null once the customer is erased'),
  history: z.array(historyEntry),
})
export type OrderDetail = z.output<typeof orderDetail>

export const paging = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: z.string().optional().describe('an order id: only older orders'),
})

/** A route of the public API. */
export type Route = {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  service: ServiceName
  summary: string
  querystring?: z.ZodType
  params?: z.ZodType
  headers?: z.ZodType
  body?: z.ZodType
  response: Record<number, z.ZodType>
}

function route<R extends Route>(definition: R): R {
  return definition
}

/** On every GET of a service that reads the log (kit/at-least.ts). */
const reading = {
  'at-least': z
    .string()
    .optional()
    .describe('a position, such as orders/2@1817: answers once this reader has passed it, else 504'),
  prefer: z.string().optional().describe('wait=N: waits for the position at most N seconds'),
}
const readingHeaders = z.looseObject(reading)
const readingErrors = {
  422: problem.describe('the named field is wrong'),
  504: problem.describe('this reader is not that far yet, and how far it is'),
}

const orderParams = z.object({ orderId: z.string() })
const ofOrder = z.object({ orderId: z.string().optional() })
const stockOfSku = z.object({
  sku,
  name: z.string(),
  initial: z.int(),
  available: z.int(),
  reserved: z.int(),
})

export const postOrder = route({
  method: 'POST',
  url: '/orders',
  service: 'order',
  summary: 'Place an order',
  querystring: z.object({ style: style.default('events') }),
  headers: z.looseObject({
    'idempotency-key': z.string().min(1).max(200).optional().describe('the same key and body get the same answer'),
  }),
  body: orderRequest,
  response: {
    201: orderAnswer.describe(
      'events, mixed: stored in the log, the outcome follows; rest, rest-hardened: the outcome',
    ),
    202: orderAnswer.describe(
      'stored by Order; its status says what it waits for: the log (stored) or the payment (paying)',
    ),
    402: problem.describe('mixed: the payment is declined, the order cancelled'),
    409: problem.describe('a request with this Idempotency-Key is in flight'),
    422: problem.describe('the named field is wrong, or the Idempotency-Key belongs to another body'),
    503: problem.describe('a service that had to answer did not, or Order takes no more calls in these styles now'),
  },
})

export const getOrder = route({
  method: 'GET',
  url: '/orders/:orderId',
  service: 'order',
  summary: 'One order and its history',
  params: orderParams,
  headers: z.looseObject({
    ...reading,
    prefer: z
      .string()
      .optional()
      .describe('wait=N: until the position is passed, and until the order is final, at most N seconds each'),
  }),
  response: { 200: orderDetail, 404: problem, ...readingErrors },
})

export const listOrders = route({
  method: 'GET',
  url: '/orders',
  service: 'order',
  summary: 'Orders, the newest first',
  querystring: paging,
  headers: readingHeaders,
  response: {
    200: z.object({ orders: z.array(orderSummary), next: z.string().optional().describe('send as `before`') }),
    ...readingErrors,
  },
})

export const eraseCustomer = route({
  method: 'DELETE',
  url: '/customers/:customerId',
  service: 'order',
  summary: 'Lose the customer’s key: what was sealed with it is unreadable everywhere',
  params: z.object({ customerId: z.string() }),
  response: { 200: z.object({ erased: z.boolean().describe('false: there was no key') }) },
})

export const listProducts = route({
  method: 'GET',
  url: '/products',
  service: 'order',
  summary: 'What the shop sells',
  response: {
    200: z.object({ products: z.array(z.object({ sku, name: z.string(), unitPrice: minorUnits, currency })) }),
  },
})

export const listStock = route({
  method: 'GET',
  url: '/stock',
  service: 'inventory',
  summary: 'Stock of every product',
  headers: readingHeaders,
  response: { 200: z.object({ stock: z.array(stockOfSku) }), ...readingErrors },
})

export const getStock = route({
  method: 'GET',
  url: '/stock/:sku',
  service: 'inventory',
  summary: 'Stock of one product',
  params: z.object({ sku }),
  headers: readingHeaders,
  response: { 200: stockOfSku, 404: problem, ...readingErrors },
})

export const listPayments = route({
  method: 'GET',
  url: '/payments',
  service: 'payment',
  summary: 'Payments, the newest first, or those of one order, with the bank’s own entries',
  querystring: ofOrder,
  headers: readingHeaders,
  response: {
    ...readingErrors,
    200: z.object({
      payments: z.array(
        z.object({
          paymentId: z.string(),
          orderId: z.string(),
          status: z.enum(['charged', 'declined', 'refunded', 'voided']),
          amount: minorUnits,
          currency,
          bankEntries: z.array(
            z.object({ kind: z.enum(['charge', 'refund']), amount: minorUnits, reference: z.string() }),
          ),
        }),
      ),
    }),
  },
})

export const listNotifications = route({
  method: 'GET',
  url: '/notifications',
  service: 'notification',
  summary: 'Mails sent, the newest first, or those of one order',
  querystring: ofOrder,
  headers: readingHeaders,
  response: {
    ...readingErrors,
    200: z.object({
      notifications: z.array(z.object({ orderId: z.string(), template, channel: z.string(), at: z.string() })),
    }),
  },
})

const totals = z.object({
  orders: z.object({ created: z.int(), confirmed: z.int(), cancelled: z.int() }),
  revenue: minorUnits.describe('of confirmed orders'),
  currency,
  bySku: z.array(z.object({ sku, quantity: z.int(), amount: minorUnits })),
})
export type Totals = z.output<typeof totals>

export const getTotals = route({
  method: 'GET',
  url: '/totals',
  service: 'analytics',
  summary: 'What was ordered and sold by events, as Analytics has read it',
  headers: readingHeaders,
  response: { 200: totals, ...readingErrors },
})

export const publicRoutes: readonly Route[] = [
  postOrder,
  getOrder,
  listOrders,
  eraseCustomer,
  listProducts,
  listStock,
  getStock,
  listPayments,
  listNotifications,
  getTotals,
]

/** What the services ask of each other in REST style. `attempt` counts a client's tries of one order, from 1. */
export const chargeRequest = z.object({
  orderId: z.string(),
  attempt: z.int().positive(),
  amount: minorUnits,
  currency,
  announced: z.boolean().default(false).describe('mixed style: the result goes to the log too'),
})
export const chargeAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('charged'), paymentId: z.string(), bankReference: z.string() }),
  z.object({ outcome: z.literal('declined'), paymentId: z.string(), reason: z.string() }),
])
export const undoRequest = z.object({ orderId: z.string(), attempt: z.int().positive() })
export const undoAnswer = z.object({ undone: z.boolean() })
export const reserveRequest = z.object({
  orderId: z.string(),
  attempt: z.int().positive(),
  lines: z.array(z.object({ sku, quantity: z.int().positive() })),
})
export const reserveAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('reserved'), reservationId: z.string() }),
  z.object({ outcome: z.literal('rejected'), missing: z.array(missingStock) }),
])
export const notifyRequest = z.object({ orderId: z.string(), customerId: z.string(), template })
export const notifyAnswer = z.object({ sent: z.boolean().describe('false: this mail had been sent before') })
export type CancelReasonInAnyStyle = z.output<typeof cancelReason> | `${ServiceName}-unavailable` | 'interrupted'
