/** The bank as Payment sees it: slow at times, out of reach at times, and doing a thing once per reference. */

import type { BankAnswer, BankCancel, BankCancelled, BankCharge, BankEntry } from '../contracts/simulators.ts'
import { bankAnswer, bankCancelled, bankEntries } from '../contracts/simulators.ts'
import { call } from '../kit/call.ts'
import { nextHop } from '../kit/trace.ts'

/** Patient: a bank that takes seconds is still a bank. What waits for it meanwhile is the log. */
const timeoutMs = 10_000

export type Bank = {
  /** @throws ServiceUnavailableError when the outcome is unknown: asking again with the same reference is safe */
  charge(order: BankCharge, traceparent: string): Promise<BankAnswer>
  /** Gives back what was charged under this reference, and from now on refuses a charge of it. */
  cancel(charge: BankCancel, traceparent: string): Promise<BankCancelled>
  entriesOf(orderIds: readonly string[]): Promise<BankEntry[]>
}

export function bankAt(url: string): Bank {
  const ask = { service: 'bank', timeoutMs }
  return {
    charge: (body, traceparent) =>
      call({ ...ask, url: `${url}/charges`, body, answer: bankAnswer, traceparent: nextHop(traceparent) }),
    cancel: (body, traceparent) =>
      call({ ...ask, url: `${url}/cancellations`, body, answer: bankCancelled, traceparent: nextHop(traceparent) }),
    async entriesOf(orderIds) {
      const traceparent = nextHop()
      return (await call({ ...ask, url: `${url}/entries`, body: { orderIds }, answer: bankEntries, traceparent }))
        .entries
    },
  }
}
