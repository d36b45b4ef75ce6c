/**
 * One HTTP request, small and cheap: connections are kept, there is a deadline for the whole of it, and nothing is followed, unpacked
 * or tried twice. What a service spends most of its time with should be its own work.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })

export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

export class HttpTimeoutError extends Error {
  override readonly name = 'HttpTimeoutError'
}

/** Rejects when there is no whole answer in time: with an HttpTimeoutError, or with the system's error. */
export function send(options: {
  url: string
  method: string
  headers: Record<string, string>
  body?: Buffer | string | undefined
  timeoutMs: number
}): Promise<HttpAnswer> {
  const { url, method, headers, body, timeoutMs } = options
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request(url, { method, agent, headers: { ...headers, ...length } }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    const timer = setTimeout(() => {
      sent.destroy(new HttpTimeoutError(`no answer in ${timeoutMs} ms`))
    }, timeoutMs)
    sent.on('error', fail)
    // An answer that breaks off closes without an end; after a result this changes nothing.
    sent.on('close', () => fail(new Error('the connection closed before the answer was whole')))
    sent.end(body)
  })
}
