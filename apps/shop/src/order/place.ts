/** Placing an order: what is the same in every style (intake, Idempotency-Key, the answer), and what each style does after it. */
import type { OrderAnswer, OrderRequest, Problem, Style } from '../contracts/http.ts'
import { answerKey, type Claim, failKey } from '../kit/idempotency-key.ts'
import { formatPosition } from '../kit/position.ts'
import { HttpProblem } from '../kit/problem.ts'
import { takeIn } from './intake.ts'
import { payFirst } from './mixed.ts'
import type { OrderContext, Round } from './peers.ts'
import { readOrderCreated } from './queries.ts'
import { answerOf, fulfilByCalls, reopen } from './rest.ts'
import { CarefulCalls } from './rest-hardened.ts'

/** How long a customer waits for the log to say that it has the order; after that the answer is 202. */
const publishedWithinMs = 250

export type Placed = {
  statusCode: 201 | 202 | 402
  answer: OrderAnswer | Partial<Problem>
  /** Where the log has the order: a consistency token for any reader. */
  position?: string
  isReplayed?: boolean
}
type Order = { request: OrderRequest; style: Style; key: string | undefined; traceparent: string }

export class Placing {
  readonly #context: OrderContext
  readonly #careful: CarefulCalls

  constructor(context: OrderContext) {
    this.#context = context
    this.#careful = new CarefulCalls(context)
  }

  /** @throws HttpProblem */
  async place(order: Order): Promise<Placed> {
    const { database, now, settings, instanceName: owner } = this.#context
    if (order.style === 'rest-hardened') this.#careful.assertCapacity()
    const at = now()
    const deadline = new Date(at.getTime() + settings.orderDeadlineMs)
    const intake = await takeIn(database, { ...order, owner, deadline, now: at })
    const { claim } = intake
    const round: Round = { order: intake.order, attempt: 1, traceparent: order.traceparent }
    switch (claim.kind) {
      case 'other-request':
        throw new HttpProblem(422, 'This Idempotency-Key was used for another order.', {
          errors: [{ field: 'headers.idempotency-key', message: 'belongs to another order' }],
        })
      case 'in-flight':
        throw new HttpProblem(409, 'A request with this Idempotency-Key is being worked on. Ask again in a moment.')
      case 'answered':
        return this.#replay(claim)
      case 'again': {
        const orderId = claim.resourceId
        if (order.style !== 'mixed') round.attempt = await this.#reopen(orderId, order.key)
        return this.#fulfil({ ...round, order: await readOrderCreated(database, orderId) }, order)
      }
      case 'new':
        if (intake.eventId !== undefined) return this.#acknowledged(round.order.orderId, intake.eventId)
        return this.#fulfil(round, order)
    }
  }

  /** The styles that call. What ends without an answer may be tried again with the same key. */
  async #fulfil(round: Round, { style, key }: Order): Promise<Placed> {
    const { database } = this.#context
    try {
      const placed = await (style === 'mixed' ? this.#payFirst(round) : this.#call(round, style))
      if (key !== undefined) await answerKey(database, key, placed)
      return placed
    } catch (error) {
      if (key !== undefined) await failKey(database, key)
      throw error
    }
  }

  /** Events, and the second half of mixed: 201 once the log has the order on disk. */
  async #acknowledged(orderId: string, eventId: string): Promise<Placed> {
    const { relay } = this.#context
    relay.nudge()
    const place = await relay.whenPublished(eventId, publishedWithinMs)
    if (place === undefined) return { statusCode: 202, answer: { orderId, status: 'stored' } }
    return { statusCode: 201, answer: { orderId, status: 'pending' }, position: formatPosition(place) }
  }

  async #call(round: Round, style: Style): Promise<Placed> {
    const { orderId } = round.order
    const outcome = style === 'rest' ? await fulfilByCalls(this.#context, round) : await this.#careful.fulfil(round)
    if (outcome.unavailable !== undefined) {
      throw new HttpProblem(503, `${outcome.unavailable} did not answer, so the order is cancelled.`, { orderId })
    }
    return { statusCode: 201, answer: answerOf(orderId, outcome) }
  }

  async #payFirst(round: Round): Promise<Placed> {
    const { orderId } = round.order
    await payFirst(this.#context, round)
    return this.#answerOfMixed(orderId)
  }

  async #answerOfMixed(orderId: string): Promise<Placed> {
    const { status, reason, created_event_id: eventId } = await this.#row(orderId)
    if (status === 'cancelled') {
      const isDeclined = reason === 'payment-declined'
      const detail = isDeclined ? 'The payment is declined, and the order cancelled.' : `Cancelled: ${reason}.`
      return { statusCode: 402, answer: { detail, orderId } }
    }
    if (eventId === null) return { statusCode: 202, answer: { orderId, status: 'paying' } }
    return this.#acknowledged(orderId, eventId)
  }

  /** The first answer again; one that was open then says how far the order is by now. */
  async #replay({ resourceId: orderId, statusCode, answer }: Claim & { kind: 'answered' }): Promise<Placed> {
    const { style, created_event_id: eventId } = await this.#row(orderId)
    if (style === 'events' && eventId !== null) {
      return { ...(await this.#acknowledged(orderId, eventId)), isReplayed: true }
    }
    if (style === 'mixed' && statusCode === 202) return { ...(await this.#answerOfMixed(orderId)), isReplayed: true }
    // The stored answer was made by this class from the same contract.
    return { statusCode: statusCode as Placed['statusCode'], answer: answer as OrderAnswer, isReplayed: true }
  }

  async #reopen(orderId: string, key: string | undefined): Promise<number> {
    const { database, now, instanceName: owner } = this.#context
    try {
      return await reopen(database, { orderId, owner, now: now() })
    } catch (error) {
      if (key !== undefined) await failKey(database, key)
      throw error
    }
  }

  #row(orderId: string) {
    return this.#context.database
      .selectFrom('orders')
      .select(['style', 'status', 'reason', 'created_event_id'])
      .where('order_id', '=', orderId)
      .executeTakeFirstOrThrow()
  }
}
