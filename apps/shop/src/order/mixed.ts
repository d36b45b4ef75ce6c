/**
 * The mixed style: the customer learns inline whether the payment is accepted, the rest follows as events.
 *
 * The order is stored as `paying` with its deadline before anything is asked, so a crash never leaves a charge without an order.
 * Payment puts its result into the log too: if the answer is lost, the event settles the order. If Payment was not reached at all, it
 * is asked again, durably and for as long as the order is open; at its deadline the order is cancelled, and Payment gives back
 * whatever it has taken.
 */
import { ServiceUnavailableError } from '../kit/call.ts'
import type { DeadlineHandlers } from '../kit/deadline-loop.ts'
import { setDeadline } from '../kit/deadlines.ts'
import { type ServiceTransaction, serviceTransaction } from '../kit/reaction.ts'
import type { OrderTables } from './database.ts'
import { hear } from './hear.ts'
import type { Result } from './order.ts'
import { askForCharge, type OrderContext, type Round } from './peers.ts'
import { readOrderCreated } from './queries.ts'

/** A customer who waits longer for a payment than this is told that it is still open. */
const payWithinMs = 800

/** The kind of the deadline that asks Payment again. */
const payAgain = 'pay-again'
const askAgainMs = 1000

/** The order stays `paying` when Payment does not answer in time. */
export async function payFirst(context: OrderContext, round: Round): Promise<void> {
  const { database, relay, now, logger } = context
  const { orderId } = round.order
  let result: Result
  try {
    result = await ask(context, round)
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error
    logger.warn({ orderId, reason: error.message }, 'the payment is left open')
    const dueAt = new Date(now().getTime() + askAgainMs)
    await setDeadline<OrderTables>(database, {
      kind: payAgain,
      subject: orderId,
      traceparent: round.traceparent,
      dueAt,
    })
    return
  }
  await database.transaction().execute(transaction => {
    const cause = { id: '', subject: orderId, traceparent: round.traceparent }
    return hearInline(serviceTransaction<OrderTables>({ database: transaction, cause, now: now() }), orderId, result)
  })
  relay.nudge()
}

/** Payment is asked again for an order that is still open: the same question, so it is charged once at most. */
export function payAgainHandler(context: OrderContext): DeadlineHandlers<OrderTables> {
  return {
    [payAgain]: async ({ subject: orderId, traceparent }) => {
      const { database } = context
      const { status } = await database
        .selectFrom('orders')
        .select('status')
        .where('order_id', '=', orderId)
        .executeTakeFirstOrThrow()
      if (status !== 'paying') return async () => undefined
      const result = await ask(context, { order: await readOrderCreated(database, orderId), attempt: 1, traceparent })
      return async transaction => {
        await hearInline(transaction, orderId, result)
      }
    },
  }
}

/** @throws ServiceUnavailableError */
async function ask(context: OrderContext, round: Round): Promise<Result> {
  const answer = await askForCharge(context, { ...round, timeoutMs: payWithinMs }, { announced: true })
  return answer.outcome === 'charged' ? { kind: 'charged', paymentId: answer.paymentId } : { kind: 'declined' }
}

function hearInline(transaction: ServiceTransaction<OrderTables>, orderId: string, result: Result) {
  const at = transaction.now.toISOString()
  return hear(transaction, { orderId, at, service: 'payment', what: `${result.kind} (inline)`, result })
}
