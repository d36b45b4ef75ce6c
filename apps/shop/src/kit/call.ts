/**
 * How one service calls another in REST style: with a deadline, the trace, and typed answers. Two kinds of failure stay apart:
 * the other service refused (its problem document comes along), or it could not be reached and its outcome is unknown.
 */
import type { z } from 'zod'
import { HttpTimeoutError, send } from './http-client.ts'

export const callTimeoutMs = 3000

/** No answer, or a 5xx: the caller can't know whether the call had its effect. */
export class ServiceUnavailableError extends Error {
  override readonly name = 'ServiceUnavailableError'
  readonly service: string

  constructor(service: string, detail: string, cause?: unknown) {
    super(`${service} ${detail}`, { cause })
    this.service = service
  }
}

/** A 4xx: the other service has understood, and will not do it. Asking again as before would not help by itself. */
export class CallRefusedError extends Error {
  override readonly name = 'CallRefusedError'
  readonly status: number

  constructor(service: string, status: number, answer: string) {
    super(`${service} refused the call (${status}): ${problemDetail(answer)}`)
    this.status = status
  }
}

export async function call<Answer extends z.ZodType>(options: {
  service: string
  url: string
  body: unknown
  answer: Answer
  /** The span of this call. */
  traceparent: string
  timeoutMs?: number
}): Promise<z.output<Answer>> {
  const { service, url, body, answer, traceparent, timeoutMs = callTimeoutMs } = options
  const response = await send({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify(body),
    timeoutMs,
  }).catch(error => {
    const isTimeout = error instanceof HttpTimeoutError
    const detail = isTimeout ? `did not answer in ${timeoutMs} ms` : 'cannot be reached'
    throw new ServiceUnavailableError(service, detail, error)
  })
  const { status } = response
  const text = response.body.toString()
  if (status >= 500) throw new ServiceUnavailableError(service, `answered ${status}`)
  if (status >= 300) throw new CallRefusedError(service, status, text)
  return answer.parse(JSON.parse(text))
}

/** What a person wants to read of a refusal: the problem document's detail, else the text as it came. */
function problemDetail(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    if (typeof detail === 'string') return detail
  } catch {
    // Not JSON: shown as it is.
  }
  return text.slice(0, 500)
}
