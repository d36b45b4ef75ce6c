/**
 * How one service calls another in REST style: with a deadline, the trace, and typed answers. Two kinds of failure stay apart:
 * the other service refused (its problem document comes along), or it could not be reached and its outcome is unknown.
 */
import type { z } from 'zod'

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
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch (error) {
    const isTimeout = (error as Error).name === 'TimeoutError'
    throw new ServiceUnavailableError(
      service,
      isTimeout ? `did not answer in ${timeoutMs} ms` : 'cannot be reached',
      error,
    )
  }
  if (response.status >= 500) throw new ServiceUnavailableError(service, `answered ${response.status}`)
  if (!response.ok) throw new CallRefusedError(service, response.status, text)
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
