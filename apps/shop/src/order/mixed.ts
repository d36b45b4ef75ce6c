/**
 * The mixed style: the customer learns inline whether the payment is accepted, the rest follows as events.
 *
 * The order is stored as `paying` with its deadline before anything is asked, so a crash never leaves a charge without an order.
 * Payment puts its result into the log too: if the answer is lost, the event settles the order, and if that does not come either,
 * the deadline cancels it and Payment gives back whatever it has taken.
 */
import { ServiceUnavailableError } from '../kit/call.ts'
import { serviceTransaction } from '../kit/reaction.ts'
import type { OrderTables } from './database.ts'
import { hear } from './hear.ts'
import type { Result } from './order.ts'
import { askForCharge, type OrderContext, type Round } from './peers.ts'

/** A customer who waits longer for a payment than this is told that it is still open. */
const payWithinMs = 800

/** The order stays `paying` when Payment does not answer in time. */
export async function payFirst(context: OrderContext, round: Round): Promise<void> {
  const { database, relay, now, logger } = context
  const { orderId } = round.order
  let result: Result
  try {
    const answer = await askForCharge(context, { ...round, timeoutMs: payWithinMs }, { announced: true })
    result = answer.outcome === 'charged' ? { kind: 'charged', paymentId: answer.paymentId } : { kind: 'declined' }
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error
    logger.warn({ orderId, reason: error.message }, 'the payment is left open')
    return
  }
  const at = now()
  await database.transaction().execute(transaction => {
    const cause = { id: '', subject: orderId, traceparent: round.traceparent }
    const what = `${result.kind} (inline)`
    return hear(serviceTransaction<OrderTables>({ database: transaction, cause, now: at }), {
      orderId,
      at: at.toISOString(),
      service: 'payment',
      what,
      result,
    })
  })
  relay.nudge()
}
