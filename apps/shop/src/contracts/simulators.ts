/**
 * The world outside the shop, simulated: a bank and a mail provider, each a process with an HTTP API, a book that the auditor
 * reads, and faults that can be set. The services know nothing of the faults: they see a slow, failing or silent neighbour.
 */
import { z } from 'zod'
import { currency, minorUnits } from './common.ts'

export type SimulatorName = 'bank' | 'mail'

export const faults = z.strictObject({
  delayMs: z.int().min(0).max(30_000).default(0).describe('added to each answer'),
  failPercent: z.int().min(0).max(100).default(0).describe('of calls fail by chance, half of them after their effect'),
  refusePercent: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe('of orders are refused, each time, until this is taken back'),
  hang: z.boolean().default(false).describe('takes calls and never answers'),
})
export type Faults = z.output<typeof faults>

export const simulatorStatus = z.object({
  pid: z.int(),
  faults,
  books: z.record(z.string(), z.number()),
})
export type SimulatorStatus = z.output<typeof simulatorStatus>

/** The bank does a thing once per reference, as real ones do; a reference that is cancelled is not charged any more. */
export const bankCharge = z.object({ reference: z.string(), orderId: z.string(), amount: minorUnits, currency })
export type BankCharge = z.output<typeof bankCharge>
export const bankAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('approved'), reference: z.string() }),
  z.object({ outcome: z.literal('declined'), reason: z.string() }),
])
export type BankAnswer = z.output<typeof bankAnswer>
export const bankCancel = z.object({ reference: z.string(), orderId: z.string() })
export type BankCancel = z.output<typeof bankCancel>
export const bankCancelled = z.object({ refunded: minorUnits.describe('0: nothing had been charged') })
export type BankCancelled = z.output<typeof bankCancelled>

export const bankEntry = z.object({
  kind: z.enum(['charge', 'refund']),
  orderId: z.string(),
  amount: minorUnits,
  reference: z.string(),
})
export type BankEntry = z.output<typeof bankEntry>
export const bankEntriesQuery = z.object({ orderIds: z.array(z.string()).max(500) })
export const bankEntries = z.object({ entries: z.array(bankEntry) })

/** The provider delivers once per key. */
export const mailMessage = z.object({
  key: z.string(),
  orderId: z.string(),
  customerId: z.string(),
  template: z.string(),
  address: z.string().optional().describe('where the goods go, for the customer to check'),
})
export type MailMessage = z.output<typeof mailMessage>
export const mailAccepted = z.object({ key: z.string() })
