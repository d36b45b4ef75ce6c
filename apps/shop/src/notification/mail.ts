/** The mail provider as Notification sees it: it delivers once per key, however often it is asked. */
import { type MailMessage, mailAccepted } from '../contracts/simulators.ts'
import { call } from '../kit/call.ts'
import { nextHop } from '../kit/trace.ts'

const timeoutMs = 10_000

export type MailProvider = {
  /** @throws ServiceUnavailableError when the outcome is unknown: asking again with the same key is safe */
  send(mail: MailMessage, traceparent: string): Promise<void>
}

export function mailProviderAt(url: string): MailProvider {
  return {
    async send(body, given) {
      const traceparent = nextHop(given)
      await call({ service: 'mail', url: `${url}/messages`, body, answer: mailAccepted, traceparent, timeoutMs })
    },
  }
}
