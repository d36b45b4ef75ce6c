/**
 * The same order in REST style, deliberately plain: Order calls Payment, Inventory and Notification in turn and the customer
 * waits for all three. A refusal or a service that does not answer cancels the order, and what had been done is called back as
 * far as the others answer. Nobody repeats a call that failed: what that costs shows in the books.
 *
 * A client that tries again with its Idempotency-Key goes on with the same order, one attempt further: it is never charged twice.
 */
import type { Kysely } from 'kysely'
import type { CancelReasonInAnyStyle, OrderAnswer, Style } from '../contracts/http.ts'
import { ServiceUnavailableError } from '../kit/call.ts'
import { cancelDeadline, hasDeadline, setDeadline } from '../kit/deadlines.ts'
import { HttpProblem } from '../kit/problem.ts'
import { nextHop } from '../kit/trace.ts'
import { note, type OrderTables } from './database.ts'
import { outcomeDeadline } from './hear.ts'
import {
  askForCharge,
  askForMail,
  askForRefund,
  askForRelease,
  askForReservation,
  type OrderContext,
  type Peer,
  type Round,
} from './peers.ts'

/** The kind of the deadline that undoes a cancelled order, in the hardened style (rest-hardened.ts). */
export const undoCalls = 'undo-calls'

export type CallsOutcome = {
  status: 'confirmed' | 'cancelled'
  reason?: CancelReasonInAnyStyle
  /** The service that failed the order, if one did. */
  unavailable?: Peer
}

/**
 * The order is stored and pending.
 * @throws HttpProblem 503 when it was decided meanwhile
 */
export async function fulfilByCalls(context: OrderContext, round: Round): Promise<CallsOutcome> {
  const outcome = await callInTurn(context, round)
  const { attempt, traceparent } = round
  const { orderId } = round.order
  if (outcome.status === 'cancelled') await callBack(context, { orderId, attempt, traceparent })
  const { database, now } = context
  if (!(await database.transaction().execute(tx => finish(tx, { orderId, attempt }, outcome, now())))) {
    throw overtaken(orderId)
  }
  return outcome
}

/** What the customer is told. */
export function answerOf(orderId: string, { status, reason }: CallsOutcome): OrderAnswer {
  return { orderId, status, ...(reason === undefined ? {} : { reason }) }
}

/** At start: an order of this instance that was being called for died with its process. */
export async function cancelInterrupted(context: OrderContext): Promise<void> {
  const rows = await context.database
    .selectFrom('orders')
    .select(['order_id', 'attempt', 'style'])
    .where('style', 'in', ['rest', 'rest-hardened'])
    .where('status', '=', 'pending')
    .where('owner', '=', context.instanceName)
    .execute()
  await Promise.all(rows.map(row => cancelInterruptedOrder(context, row)))
}

export async function cancelInterruptedOrder(
  context: OrderContext,
  order: { order_id: string; attempt: number; style: Style },
): Promise<void> {
  const { database, now } = context
  const { order_id: orderId, attempt, style } = order
  const traceparent = nextHop()
  // Decided first: what an order that is confirmed meanwhile has paid must not be given back.
  const isCancelled = await database.transaction().execute(async transaction => {
    const outcome = { status: 'cancelled', reason: 'interrupted' } as const
    if (!(await finish(transaction, { orderId, attempt }, outcome, now()))) return false
    if (style === 'rest') return true
    await setDeadline<OrderTables>(transaction, { kind: undoCalls, subject: orderId, traceparent, dueAt: now() })
    return true
  })
  if (isCancelled && style === 'rest') await callBack(context, { orderId, attempt, traceparent })
}

/**
 * For a client that tries again.
 * @throws HttpProblem 503 while the earlier attempt is still being undone
 */
export async function reopen(
  database: Kysely<OrderTables>,
  { orderId, owner, now }: { orderId: string; owner: string; now: Date },
): Promise<number> {
  return database.transaction().execute(async transaction => {
    if (await hasDeadline<OrderTables>(transaction, { kind: undoCalls, subject: orderId })) {
      throw new HttpProblem(503, 'The earlier attempt is still being undone. Try again in a moment.', { orderId })
    }
    const row = await transaction
      .updateTable('orders')
      .set(({ eb }) => ({ status: 'pending', reason: null, final_at: null, owner, attempt: eb('attempt', '+', 1) }))
      .where('order_id', '=', orderId)
      .returning('attempt')
      .executeTakeFirstOrThrow()
    const detail = `attempt ${row.attempt}`
    await note(transaction, { orderId, at: now, service: 'order', what: 'tried again', detail })
    return row.attempt
  })
}

/**
 * An attempt is decided once: a result that comes after that, or of an earlier attempt, changes nothing.
 * @returns whether this call decided it
 */
export async function finish(
  transaction: Kysely<OrderTables>,
  { orderId, attempt }: { orderId: string; attempt: number },
  { status, reason }: CallsOutcome,
  at: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('orders')
    .set({ status, reason: reason ?? null, final_at: at.toISOString() })
    .where('order_id', '=', orderId)
    .where('status', '=', 'pending')
    .where('attempt', '=', attempt)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) return false
  const detail = reason === undefined ? {} : { detail: reason }
  await note(transaction, { orderId, at, service: 'order', what: status, ...detail })
  await cancelDeadline(transaction, { kind: outcomeDeadline, subject: orderId })
  return true
}

/** For the customer of calls that came to their end too late. */
export function overtaken(orderId: string): HttpProblem {
  return new HttpProblem(503, 'The calls took too long, and the order was cancelled meanwhile.', { orderId })
}

async function callInTurn(context: OrderContext, round: Round): Promise<CallsOutcome> {
  try {
    const payment = await askForCharge(context, round, { announced: false })
    if (payment.outcome === 'declined') return { status: 'cancelled', reason: 'payment-declined' }
    const stock = await askForReservation(context, round)
    if (stock.outcome === 'rejected') return { status: 'cancelled', reason: 'out-of-stock' }
    await askForMail(context, round)
    return { status: 'confirmed' }
  } catch (error) {
    return unavailable(error)
  }
}

/** @throws the error when it is another */
export function unavailable(error: unknown): CallsOutcome {
  if (!(error instanceof ServiceUnavailableError)) throw error
  const peer = error.service as Peer
  return { status: 'cancelled', reason: `${peer}-unavailable`, unavailable: peer }
}

/** One try each, at the same time: whoever does not answer keeps what it holds. */
async function callBack(
  context: OrderContext,
  undo: { orderId: string; attempt: number; traceparent: string },
): Promise<void> {
  const tried = await Promise.allSettled([askForRefund(context, undo), askForRelease(context, undo)])
  for (const result of tried) {
    if (result.status === 'rejected' && !(result.reason instanceof ServiceUnavailableError)) throw result.reason
  }
}
