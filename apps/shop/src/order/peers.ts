/** Order's calls to the other services, for the styles that call: each is timed, traced, and noted in the order's history. */
import type { z } from 'zod'
import { chargeAnswer, notifyAnswer, reserveAnswer, undoAnswer } from '../contracts/http.ts'
import type { OrderCreated } from '../contracts/orders.ts'
import { call, ServiceUnavailableError } from '../kit/call.ts'
import type { ServiceContext } from '../kit/service.ts'
import { recordSpan } from '../kit/spans.ts'
import { nextHop, spanIdOf } from '../kit/trace.ts'
import { note, type OrderTables } from './database.ts'

export type Peer = 'payment' | 'inventory' | 'notification'
export type OrderContext = ServiceContext<OrderTables>
/** One order's round of calls. `attempt` counts a client's tries of the order, from 1. */
export type Round = { order: OrderCreated; attempt: number; traceparent: string; timeoutMs?: number }

export function askForCharge(context: OrderContext, round: Round, { announced }: { announced: boolean }) {
  const { orderId, total: amount, currency } = round.order
  const body = { orderId, attempt: round.attempt, amount, currency, announced }
  return ask(context, round, { service: 'payment', what: 'charge', path: '/charges', body, answer: chargeAnswer })
}

export function askForReservation(context: OrderContext, round: Round) {
  const lines = round.order.lines.map(({ sku, quantity }) => ({ sku, quantity }))
  const body = { orderId: round.order.orderId, attempt: round.attempt, lines }
  const path = '/reservations'
  return ask(context, round, { service: 'inventory', what: 'reserve', path, body, answer: reserveAnswer })
}

export function askForMail(context: OrderContext, round: Round) {
  const { orderId, customerId } = round.order
  const body = { orderId, customerId, template: 'order-confirmed' }
  return ask(context, round, { service: 'notification', what: 'notify', path: '/mails', body, answer: notifyAnswer })
}

type Undo = Pick<Round, 'attempt' | 'traceparent'> & { orderId: string }

export function askForRefund(context: OrderContext, { orderId, attempt, traceparent }: Undo) {
  const asked = { service: 'payment', what: 'refund', path: '/refunds', answer: undoAnswer } as const
  return ask(context, { order: { orderId }, traceparent }, { ...asked, body: { orderId, attempt } })
}

export function askForRelease(context: OrderContext, { orderId, attempt, traceparent }: Undo) {
  const asked = { service: 'inventory', what: 'release', path: '/releases', answer: undoAnswer } as const
  return ask(context, { order: { orderId }, traceparent }, { ...asked, body: { orderId, attempt } })
}

type Question<Answer extends z.ZodType> = { service: Peer; what: string; path: string; body: unknown; answer: Answer }

async function ask<Answer extends z.ZodType>(
  context: OrderContext,
  round: { order: { orderId: string }; traceparent: string; timeoutMs?: number },
  { service, what, path, body, answer }: Question<Answer>,
): Promise<z.output<Answer>> {
  const { database, settings, now } = context
  const { orderId } = round.order
  const base = settings.urls[service]
  if (base === undefined) throw new ServiceUnavailableError(service, 'has no address: its URL is not set')
  const traceparent = nextHop(round.traceparent)
  const at = now()
  const start = performance.now()
  const record = async (detail: string) => {
    const durationMs = Math.round((performance.now() - start) * 10) / 10
    await note(database, { orderId, at, service, what, durationMs, detail })
    const parentId = spanIdOf(round.traceparent)
    const name = `${service} ${what}`
    await recordSpan(database, { subject: orderId, traceparent, parentId, kind: 'call', name, at, durationMs })
  }
  const limit = round.timeoutMs === undefined ? {} : { timeoutMs: round.timeoutMs }
  try {
    const given = await call({ service, url: `${base}${path}`, body, answer, traceparent, ...limit })
    await record(describe(given))
    return given
  } catch (error) {
    await record((error as Error).message)
    throw error
  }
}

function describe(answer: unknown): string {
  const { outcome, undone, sent } = answer as { outcome?: string; undone?: boolean; sent?: boolean }
  if (outcome !== undefined) return outcome
  if (undone !== undefined) return undone ? 'done' : 'nothing to undo'
  return sent === false ? 'sent before' : 'sent'
}
