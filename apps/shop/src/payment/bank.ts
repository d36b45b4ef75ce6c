/** The bank as Payment sees it: slow at times, out of reach at times, and doing a thing once per reference. */

import type { BankAnswer, BankCharge, BankEntry } from '../contracts/simulators.ts'
import { bankAnswer, bankEntries, bankRefunded } from '../contracts/simulators.ts'
import { call } from '../kit/call.ts'

/** Patient: a bank that takes seconds is still a bank. What waits for it meanwhile is the log. */
const timeoutMs = 10_000

export type Bank = {
  /** @throws ServiceUnavailableError when the outcome is unknown: asking again with the same reference is safe */
  charge(order: BankCharge): Promise<BankAnswer>
  refund(order: BankCharge): Promise<void>
  entriesOf(orderIds: readonly string[]): Promise<BankEntry[]>
}

export function bankAt(url: string): Bank {
  const ask = { service: 'bank', traceparent: '', timeoutMs }
  return {
    charge: body => call({ ...ask, url: `${url}/charges`, body, answer: bankAnswer }),
    async refund(body) {
      await call({ ...ask, url: `${url}/refunds`, body, answer: bankRefunded })
    },
    async entriesOf(orderIds) {
      return (await call({ ...ask, url: `${url}/entries`, body: { orderIds }, answer: bankEntries })).entries
    },
  }
}
