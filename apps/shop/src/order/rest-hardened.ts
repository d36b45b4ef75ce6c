/**
 * REST as a careful team writes it, so that the comparison with events is a fair one: short timeouts, repeats with jitter (safe,
 * since every call has the order and attempt as its reference), a breaker for each service, payment and stock at the same time,
 * the mail not waited for, and calls turned away early when too many are under way. What a cancelled order has taken is called
 * back by a durable deadline, for as long as that takes.
 */
import { ServiceUnavailableError } from '../kit/call.ts'
import type { DeadlineHandlers } from '../kit/deadline-loop.ts'
import { setDeadline } from '../kit/deadlines.ts'
import { HttpProblem } from '../kit/problem.ts'
import { Breaker, Bulkhead, withRetries } from '../kit/resilience.ts'
import type { OrderTables } from './database.ts'
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
import { type CallsOutcome, finish, overtaken, unavailable, undoCalls } from './rest.ts'

const tryTimeoutMs = 800
const retries = { tries: 3, withinMs: 2000 }
const ordersAtOnce = 64

export class CarefulCalls {
  readonly #context: OrderContext
  readonly #bulkhead = new Bulkhead(ordersAtOnce)
  readonly #breakers: Record<Peer, Breaker> = {
    payment: new Breaker('payment'),
    inventory: new Breaker('inventory'),
    notification: new Breaker('notification'),
  }

  constructor(context: OrderContext) {
    this.#context = context
  }

  /** @throws HttpProblem 503 when too many orders are under way: before anything is stored */
  assertCapacity(): void {
    if (this.#bulkhead.isFull) throw new HttpProblem(503, 'Too many orders are under way. Try again in a second.')
  }

  /**
   * The order is stored and pending.
   * @throws HttpProblem 503 when it was decided meanwhile
   */
  fulfil(given: Round): Promise<CallsOutcome> {
    const round = { ...given, timeoutMs: tryTimeoutMs }
    return this.#bulkhead.run(async () => {
      const outcome = await this.#payAndReserve(round)
      const { database, now } = this.#context
      const { attempt, traceparent } = round
      const { orderId } = round.order
      const isDecided = await database.transaction().execute(async transaction => {
        if (!(await finish(transaction, { orderId, attempt }, outcome, now()))) return false
        if (outcome.status === 'confirmed') return true
        await setDeadline<OrderTables>(transaction, { kind: undoCalls, subject: orderId, traceparent, dueAt: now() })
        return true
      })
      if (!isDecided) throw overtaken(orderId)
      if (outcome.status === 'confirmed') void this.#mail(round)
      return outcome
    })
  }

  async #payAndReserve(round: Round): Promise<CallsOutcome> {
    // Both are waited for, whatever becomes of one: a call that is under way can't be taken back.
    const [payment, stock] = await Promise.allSettled([
      this.#carefully('payment', () => askForCharge(this.#context, round, { announced: false })),
      this.#carefully('inventory', () => askForReservation(this.#context, round)),
    ])
    if (payment.status === 'rejected') return unavailable(payment.reason)
    if (payment.value.outcome === 'declined') return { status: 'cancelled', reason: 'payment-declined' }
    if (stock.status === 'rejected') return unavailable(stock.reason)
    if (stock.value.outcome === 'rejected') return { status: 'cancelled', reason: 'out-of-stock' }
    return { status: 'confirmed' }
  }

  /** Best effort: an order does not fail because of its mail, and a mail may be missing because of that. */
  async #mail(round: Round): Promise<void> {
    try {
      await this.#carefully('notification', () => askForMail(this.#context, round))
    } catch (error) {
      this.#context.logger.warn({ err: error, orderId: round.order.orderId }, 'the mail of an order was not sent')
    }
  }

  #carefully<Answer>(peer: Peer, work: () => Promise<Answer>): Promise<Answer> {
    const isRetriable = (error: unknown) => error instanceof ServiceUnavailableError
    return withRetries(() => this.#breakers[peer].run(work), { ...retries, isRetriable })
  }
}

export function undoHandler(context: OrderContext): DeadlineHandlers<OrderTables> {
  return {
    [undoCalls]: async ({ subject: orderId, traceparent }) => {
      const { attempt } = await context.database
        .selectFrom('orders')
        .select('attempt')
        .where('order_id', '=', orderId)
        .executeTakeFirstOrThrow()
      const undo = { orderId, attempt, traceparent }
      await Promise.all([askForRefund(context, undo), askForRelease(context, undo)])
      return async () => undefined
    },
  }
}
