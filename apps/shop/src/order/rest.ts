/**
 * The same order in REST style, deliberately plain: Order calls Payment, Inventory and Notification in turn and the customer
 * waits for all three. A refusal or a service that does not answer cancels the order, and what had been done is called back as
 * far as the others answer. Nobody repeats a call that failed: what that costs shows in the books.
 *
 * A client that tries again with its Idempotency-Key goes on with the same order, one attempt further: it is never charged twice.
 */
import type { Kysely } from 'kysely'
import {
  type CancelReasonInAnyStyle,
  chargeAnswer,
  notifyAnswer,
  type OrderAnswer,
  reserveAnswer,
  undoAnswer,
} from '../contracts/http.ts'
import type { OrderCreated } from '../contracts/orders.ts'
import { call, ServiceUnavailableError } from '../kit/call.ts'
import type { ServiceContext } from '../kit/service.ts'
import { nextHop } from '../kit/trace.ts'
import { note, type OrderTables } from './database.ts'

type Context = ServiceContext<OrderTables>
type Peer = 'payment' | 'inventory' | 'notification'
type Outcome = { status: 'confirmed' | 'cancelled'; reason?: CancelReasonInAnyStyle; unavailable?: Peer }

/** The order is stored and pending. @returns the answer, and the service that failed it, if one did */
export async function fulfilByCalls(
  context: Context,
  { order, attempt, traceparent }: { order: OrderCreated; attempt: number; traceparent: string },
): Promise<{ answer: OrderAnswer; unavailable?: Peer }> {
  const outcome = await callInTurn(context, order, attempt, traceparent)
  const { status, reason, unavailable } = outcome
  if (status === 'cancelled') await callBack(context, order.orderId, traceparent)
  await finish(context, order.orderId, outcome)
  const answer: OrderAnswer = { orderId: order.orderId, status, ...(reason === undefined ? {} : { reason }) }
  return unavailable === undefined ? { answer } : { answer, unavailable }
}

/** At start: a REST order that is still pending died with the process that was calling for it. */
export async function cancelInterrupted(context: Context): Promise<void> {
  const rows = await context.database
    .selectFrom('orders')
    .select('order_id')
    .where('style', '=', 'rest')
    .where('status', '=', 'pending')
    .execute()
  const cancel = async (orderId: string) => {
    await callBack(context, orderId, nextHop())
    await finish(context, orderId, { status: 'cancelled', reason: 'interrupted' })
  }
  await Promise.all(rows.map(row => cancel(row.order_id)))
}

export async function reopen(database: Kysely<OrderTables>, orderId: string, now: Date): Promise<number> {
  return database.transaction().execute(async transaction => {
    const row = await transaction
      .updateTable('orders')
      .set(({ eb }) => ({ status: 'pending', reason: null, final_at: null, attempt: eb('attempt', '+', 1) }))
      .where('order_id', '=', orderId)
      .returning('attempt')
      .executeTakeFirstOrThrow()
    await note(transaction, {
      orderId,
      at: now,
      service: 'order',
      what: 'tried again',
      detail: `attempt ${row.attempt}`,
    })
    return row.attempt
  })
}

async function callInTurn(
  context: Context,
  order: OrderCreated,
  attempt: number,
  traceparent: string,
): Promise<Outcome> {
  const { orderId, customerId, total: amount, currency } = order
  const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }))
  try {
    const payment = await timed(context, orderId, 'payment', 'charge', () =>
      post(context, 'payment', '/charges', { orderId, attempt, amount, currency }, chargeAnswer, traceparent),
    )
    if (payment.outcome === 'declined') return { status: 'cancelled', reason: 'payment-declined' }
    const stock = await timed(context, orderId, 'inventory', 'reserve', () =>
      post(context, 'inventory', '/reservations', { orderId, attempt, lines }, reserveAnswer, traceparent),
    )
    if (stock.outcome === 'rejected') return { status: 'cancelled', reason: 'out-of-stock' }
    const mail = { orderId, customerId, template: 'order-confirmed' }
    await timed(context, orderId, 'notification', 'notify', () =>
      post(context, 'notification', '/mails', mail, notifyAnswer, traceparent),
    )
    return { status: 'confirmed' }
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error
    const unavailable = error.service as Peer
    return { status: 'cancelled', reason: `${unavailable}-unavailable`, unavailable }
  }
}

/** One try each, at the same time: whoever does not answer keeps what it holds. */
async function callBack(context: Context, orderId: string, traceparent: string): Promise<void> {
  const undo = async (service: Peer, path: string, what: string) => {
    try {
      await timed(context, orderId, service, what, () =>
        post(context, service, path, { orderId }, undoAnswer, traceparent),
      )
    } catch (error) {
      if (!(error instanceof ServiceUnavailableError)) throw error
    }
  }
  await Promise.all([undo('payment', '/refunds', 'refund'), undo('inventory', '/releases', 'release')])
}

async function finish({ database, now }: Context, orderId: string, outcome: Outcome): Promise<void> {
  const at = now()
  await database.transaction().execute(async transaction => {
    await transaction
      .updateTable('orders')
      .set({ status: outcome.status, reason: outcome.reason ?? null, final_at: at.toISOString() })
      .where('order_id', '=', orderId)
      .execute()
    const detail = outcome.reason === undefined ? {} : { detail: outcome.reason }
    await note(transaction, { orderId, at, service: 'order', what: outcome.status, ...detail })
  })
}

/** Notes the call in the order's history, with how long the customer waited for it. */
async function timed<T>(
  context: Context,
  orderId: string,
  service: Peer,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = context.now()
  const start = performance.now()
  const write = (detail: string) => {
    const durationMs = Math.round((performance.now() - start) * 10) / 10
    return note(context.database, { orderId, at: startedAt, service, what, durationMs, detail })
  }
  try {
    const answer = await work()
    await write(describe(answer))
    return answer
  } catch (error) {
    await write((error as Error).message)
    throw error
  }
}

function describe(answer: unknown): string {
  const { outcome, undone, sent } = answer as { outcome?: string; undone?: boolean; sent?: boolean }
  if (outcome !== undefined) return outcome
  if (undone !== undefined) return undone ? 'done' : 'nothing to undo'
  return sent === false ? 'sent before' : 'sent'
}

function post<Answer extends Parameters<typeof call>[0]['answer']>(
  { settings }: Context,
  service: Peer,
  path: string,
  body: unknown,
  answer: Answer,
  traceparent: string,
) {
  const base = settings.urls[service]
  if (base === undefined) throw new ServiceUnavailableError(service, 'has no address: its URL is not set')
  return call({ service, url: `${base}${path}`, body, answer, traceparent })
}
