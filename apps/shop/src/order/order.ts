/**
 * An order's life, pure: what is known of it, and how a result of another service changes that.
 *
 *   pending -> confirmed    paid and reserved
 *           -> cancelled    the first refusal decides
 */
import type { CancelReason } from '../contracts/orders.ts'

export type OrderState = {
  status: 'pending' | 'confirmed' | 'cancelled'
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

export type Decision =
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
  }
}

/** What Order decides now, if anything. An order is decided once: a decided one has no further decision. */
export function decide(state: OrderState): Decision | undefined {
  if (state.status !== 'pending') return undefined
  if (state.payment === 'declined') return { kind: 'cancel', reason: 'payment-declined' }
  if (state.stock === 'rejected') return { kind: 'cancel', reason: 'out-of-stock' }
  if (state.paymentId === null || state.reservationId === null) return undefined
  return { kind: 'confirm', paymentId: state.paymentId, reservationId: state.reservationId }
}

export function apply(state: OrderState, decision: Decision): OrderState {
  return { ...state, status: decision.kind === 'confirm' ? 'confirmed' : 'cancelled' }
}
