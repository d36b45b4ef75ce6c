/**
 * Charging and refunding, the same in every style. Each asks the bank first, with the order and its attempt as reference, and
 * returns what to store: a crash between the two repeats the question, and the bank does nothing twice.
 */
import type { Kysely } from 'kysely'
import { uuidv7 } from '../kit/uuid.ts'
import type { Bank } from './bank.ts'
import type { PaymentTables } from './database.ts'

export type Charge = { orderId: string; attempt: number; amount: number; currency: 'EUR' }
export type ChargeResult =
  | { outcome: 'charged'; paymentId: string; bankReference: string }
  | { outcome: 'declined'; paymentId: string; reason: string }
export type Refund = { paymentId: string; orderId: string; amount: number; currency: 'EUR' }

type Tables = Kysely<PaymentTables>

/** Asks the bank, unless this order is paid or this attempt has its answer. */
export async function charge(
  { database, bank }: { database: Tables; bank: Bank },
  order: Charge,
): Promise<(transaction: Tables, now: Date) => Promise<ChargeResult>> {
  const known = await resultOf(database, order)
  if (known !== undefined) return async () => known
  const answer = await bank.charge({
    reference: `${order.orderId}/${order.attempt}`,
    orderId: order.orderId,
    amount: order.amount,
    currency: order.currency,
  })
  return async (transaction, now) => {
    const meanwhile = await resultOf(transaction, order)
    if (meanwhile !== undefined) return meanwhile
    const isApproved = answer.outcome === 'approved'
    const values = {
      payment_id: uuidv7(now.getTime()),
      order_id: order.orderId,
      status: isApproved ? ('charged' as const) : ('declined' as const),
      attempt: order.attempt,
      amount: order.amount,
      currency: order.currency,
      bank_reference: answer.outcome === 'approved' ? answer.reference : null,
      reason: answer.outcome === 'declined' ? answer.reason : null,
      at: now.toISOString(),
    }
    const { payment_id: _, ...changes } = values
    await transaction
      .insertInto('payments')
      .values(values)
      .onConflict(conflict => conflict.column('order_id').doUpdateSet(changes))
      .execute()
    const stored = await resultOf(transaction, order)
    if (stored === undefined) throw new Error(`the payment of order ${order.orderId} was not stored`)
    return stored
  }
}

/** Gives the money back, if the order's payment holds any. @returns undefined when there is nothing to give back */
export async function refund(
  { database, bank }: { database: Tables; bank: Bank },
  orderId: string,
): Promise<((transaction: Tables, now: Date) => Promise<Refund>) | undefined> {
  const payment = await database.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirst()
  if (payment?.status !== 'charged') return undefined
  const { amount, currency, payment_id: paymentId, attempt } = payment
  await bank.refund({ reference: `${orderId}/${attempt}`, orderId, amount, currency })
  return async (transaction, now) => {
    await transaction
      .updateTable('payments')
      .set({ status: 'refunded', at: now.toISOString() })
      .where('order_id', '=', orderId)
      .where('attempt', '=', attempt)
      .execute()
    return { paymentId, orderId, amount, currency }
  }
}

async function resultOf(database: Tables, order: Charge): Promise<ChargeResult | undefined> {
  const payment = await database
    .selectFrom('payments')
    .selectAll()
    .where('order_id', '=', order.orderId)
    .executeTakeFirst()
  if (payment === undefined) return undefined
  const paid = payment.status === 'charged'
  if (!paid && payment.attempt < order.attempt) return undefined
  const { payment_id: paymentId } = payment
  // A refunded payment was a charge once: for this attempt, that remains its result.
  if (payment.status === 'declined') return { outcome: 'declined', paymentId, reason: payment.reason ?? '' }
  return { outcome: 'charged', paymentId, bankReference: payment.bank_reference ?? '' }
}
