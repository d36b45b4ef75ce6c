/**
 * Charging and calling back, the same in every style. Each asks the bank first, with the order and its attempt as reference, and
 * returns what to store: a crash between the two repeats the question, and the bank does nothing twice.
 *
 *   (none) -> charged  -> refunded   called back
 *          -> declined
 *          -> voided                 called back before it was charged: the bank refuses a charge of that reference from then on,
 *                                    so a call that is late can't undo what undid it
 *
 * One row per order; a further attempt starts over from any state but `charged`.
 */
import type { Kysely, Selectable } from 'kysely'
import { uuidv7 } from '../kit/uuid.ts'
import type { Bank } from './bank.ts'
import type { PaymentTables } from './database.ts'

export type Charge = { orderId: string; attempt: number; amount: number; currency: 'EUR' }
export type ChargeResult =
  | { outcome: 'charged'; paymentId: string; bankReference: string }
  | { outcome: 'declined'; paymentId: string; reason: string }
export type Refund = { paymentId: string; orderId: string; amount: number; currency: 'EUR' }

type Tables = Kysely<PaymentTables>
type Payment = Selectable<PaymentTables['payments']>
type Parts = { database: Tables; bank: Bank; traceparent: string }

/**
 * Asks the bank, unless this order is paid or this attempt has its answer.
 * @returns what stores the answer; `isNew` says whether it is this call that did
 */
export async function charge(
  { database, bank, traceparent }: Parts,
  order: Charge,
): Promise<(transaction: Tables, now: Date) => Promise<{ result: ChargeResult; isNew: boolean }>> {
  const known = resultOf(await paymentOf(database, order.orderId), order)
  if (known !== undefined) return async () => ({ result: known, isNew: false })
  const { orderId, attempt, amount, currency } = order
  // An earlier attempt whose outcome nobody heard may have taken the money.
  for (let earlier = 1; earlier < attempt; earlier += 1) {
    await bank.cancel({ reference: `${orderId}/${earlier}`, orderId }, traceparent)
  }
  const answer = await bank.charge({ reference: `${orderId}/${attempt}`, orderId, amount, currency }, traceparent)
  return async (transaction, now) => {
    const meanwhile = resultOf(await paymentOf(transaction, orderId), order)
    if (meanwhile !== undefined) return { result: meanwhile, isNew: false }
    const isApproved = answer.outcome === 'approved'
    await store(transaction, {
      order_id: orderId,
      status: isApproved ? 'charged' : 'declined',
      attempt,
      amount,
      currency,
      bank_reference: isApproved ? answer.reference : null,
      reason: isApproved ? null : answer.reason,
      at: now.toISOString(),
    })
    const stored = resultOf(await paymentOf(transaction, orderId), order)
    if (stored === undefined) throw new Error(`the payment of order ${orderId} was not stored`)
    return { result: stored, isNew: true }
  }
}

/**
 * Gives the money back, whether or not Payment knows of it; a charge of this attempt will not happen any more.
 * @returns what stores it, and says what was given back, if anything was
 */
export async function callBack(
  { database, bank, traceparent }: Parts,
  { orderId, attempt }: { orderId: string; attempt: number },
): Promise<(transaction: Tables, now: Date) => Promise<Refund | undefined>> {
  const known = await paymentOf(database, orderId)
  const charged = known?.status === 'charged' ? known.attempt : attempt
  if (known !== undefined && known.status !== 'charged' && known.attempt >= attempt) return async () => undefined
  const { refunded } = await bank.cancel({ reference: `${orderId}/${charged}`, orderId }, traceparent)
  return async (transaction, now) => {
    const row = await paymentOf(transaction, orderId)
    const isOver = row !== undefined && row.status !== 'charged' && row.attempt >= charged
    if (isOver || (row !== undefined && row.attempt > charged)) return undefined
    const payment = {
      order_id: orderId,
      status: refunded > 0 ? ('refunded' as const) : ('voided' as const),
      attempt: charged,
      amount: refunded,
      currency: 'EUR' as const,
      bank_reference: row?.bank_reference ?? null,
      reason: 'called back',
      at: now.toISOString(),
    }
    await store(transaction, payment)
    if (refunded === 0) return undefined
    const { payment_id: paymentId } = (await paymentOf(transaction, orderId))!
    return { paymentId, orderId, amount: refunded, currency: 'EUR' }
  }
}

async function store(transaction: Tables, payment: Omit<Payment, 'payment_id'>): Promise<void> {
  await transaction
    .insertInto('payments')
    .values({ payment_id: uuidv7(Date.parse(payment.at)), ...payment })
    .onConflict(conflict => conflict.column('order_id').doUpdateSet(payment))
    .execute()
}

function paymentOf(database: Tables, orderId: string): Promise<Payment | undefined> {
  return database.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirst()
}

function resultOf(payment: Payment | undefined, order: Charge): ChargeResult | undefined {
  if (payment === undefined) return undefined
  if (payment.status !== 'charged' && payment.attempt < order.attempt) return undefined
  const { payment_id: paymentId } = payment
  if (payment.status === 'declined' || payment.status === 'voided') {
    return { outcome: 'declined', paymentId, reason: payment.reason ?? '' }
  }
  // A refunded payment was a charge once: for this attempt, that remains its result.
  return { outcome: 'charged', paymentId, bankReference: payment.bank_reference ?? '' }
}
