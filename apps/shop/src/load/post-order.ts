/**
 * One order sent as a customer sends it, with as little work as can be: whoever measures must not be the bottleneck. It never
 * tries twice, so a failure shows as one.
 */
import { Agent, request } from 'node:http'
import type { Style } from '../contracts/http.ts'

/** Connections are kept, so that no order pays for a handshake; there is no limit, so that none waits for another. */
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })

export type PostedOrder = { style: Style; idempotencyKey: string; body: string }

/** `status` is 0 when no answer came in time, or the connection broke. `orderId` is '' when the answer names none. */
export type Posted = { status: number; orderId: string; body: string }

/** @param limitMs after it the customer has gone */
export function postOrder(url: string, order: PostedOrder, limitMs: number): Promise<Posted> {
  return new Promise(resolve => {
    const nothing: Posted = { status: 0, orderId: '', body: '' }
    const sent = request(
      `${url}/orders?style=${order.style}`,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(order.body),
          'idempotency-key': order.idempotencyKey,
        },
      },
      response => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => {
          clearTimeout(timer)
          const orderId = /"orderId":"([^"]+)"/.exec(body)?.[1] ?? ''
          resolve({ status: response.statusCode ?? 0, orderId, body })
        })
      },
    )
    const timer = setTimeout(() => sent.destroy(), limitMs)
    sent.on('error', () => {
      clearTimeout(timer)
      resolve(nothing)
    })
    // An answer that breaks off in the middle ends with `close` and no `end`; after a resolve this one changes nothing.
    sent.on('close', () => resolve(nothing))
    sent.end(order.body)
  })
}
