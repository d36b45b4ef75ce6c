/**
 * An order's life, pure: what is known of it, and how a result of another service, or the deadline, changes that.
 *
 *   paying  -> pending      mixed style: paid, so the others may begin
 *           -> cancelled    declined, or timed out
 *   pending -> confirmed    paid and reserved
 *           -> cancelled    the first refusal decides, or the deadline
 */
import type { CancelReason } from '../contracts/orders.ts'

export type OrderState = {
  status: 'paying' | 'pending' | 'confirmed' | 'cancelled'
  payment: 'open' | 'charged' | 'declined'
  stock: 'open' | 'reserved' | 'rejected'
  paymentId: string | null
  reservationId: string | null
}

export type Result =
  | { kind: 'charged'; paymentId: string }
  | { kind: 'declined' }
  | { kind: 'reserved'; reservationId: string }
  | { kind: 'rejected' }
  | { kind: 'timed-out' }

export type Decision =
  | { kind: 'begin' }
  | { kind: 'confirm'; paymentId: string; reservationId: string }
  | { kind: 'cancel'; reason: CancelReason }

export const newOrder: OrderState = {
  status: 'pending',
  payment: 'open',
  stock: 'open',
  paymentId: null,
  reservationId: null,
}

/** Records a result. A result that came before changes nothing; one of a decided order is still recorded. */
export function evolve(state: OrderState, result: Result): OrderState {
  switch (result.kind) {
    case 'charged':
      return state.payment === 'open' ? { ...state, payment: 'charged', paymentId: result.paymentId } : state
    case 'declined':
      return state.payment === 'open' ? { ...state, payment: 'declined' } : state
    case 'reserved':
      return state.stock === 'open' ? { ...state, stock: 'reserved', reservationId: result.reservationId } : state
    case 'rejected':
      return state.stock === 'open' ? { ...state, stock: 'rejected' } : state
    case 'timed-out':
      return state
  }
}

/**
 * What Order decides now that it has heard this result, if anything. An order is decided once: a decided one has no further
 * decision, whatever comes late; its undoing is the business of those who did it.
 */
export function decide(state: OrderState, heard: Result): Decision | undefined {
  if (state.status === 'confirmed' || state.status === 'cancelled') return undefined
  if (state.payment === 'declined') return { kind: 'cancel', reason: 'payment-declined' }
  if (state.stock === 'rejected') return { kind: 'cancel', reason: 'out-of-stock' }
  if (heard.kind === 'timed-out') return { kind: 'cancel', reason: 'timed-out' }
  if (state.paymentId === null) return undefined
  if (state.status === 'paying') return { kind: 'begin' }
  if (state.reservationId === null) return undefined
  return { kind: 'confirm', paymentId: state.paymentId, reservationId: state.reservationId }
}

const statusAfter = { begin: 'pending', confirm: 'confirmed', cancel: 'cancelled' } as const

export function apply(state: OrderState, decision: Decision): OrderState {
  return { ...state, status: statusAfter[decision.kind] }
}
