/**
 * A client that says exactly what a test tells it to: any API, any version, any bytes. Answers are matched in the order in
 * which the server sends them, and the order is checked.
 */

import { connect, type Socket } from 'node:net'
import {
  type AnyApi,
  Reader,
  type Request,
  type RequestInput,
  type Response,
  requestHeader,
  responseHeader,
  Writer,
} from '@ottla/protocol'

interface Waiting {
  readonly api: AnyApi
  readonly version: number
  readonly correlationId: number
  readonly resolve: (response: object) => void
  readonly reject: (error: Error) => void
}

export class RawClient {
  readonly socket: Socket
  readonly #waiting: Waiting[] = []
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>
  #received: Buffer = Buffer.alloc(0)
  #nextCorrelationId = 1

  static async connect({ port, host = '127.0.0.1' }: { port: number; host?: string }): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    return new RawClient(socket)
  }

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  /** Sends a request and resolves with its decoded answer. Rejects when the connection closes first. */
  request<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Response<A>> {
    const correlationId = this.#nextCorrelationId++
    const response = new Promise<object>((resolve, reject) => {
      this.#waiting.push({ api, version, correlationId, resolve, reject })
    })
    this.send(encodeRequest(api, version, body, { correlationId }))
    return response as Promise<Response<A>>
  }

  /** Sends bytes as they are. */
  send(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      this.#answer(frame)
    }
  }

  #answer(frame: Buffer): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) {
      this.#fail(new Error('an answer that nobody asked for'))
      return
    }
    const { api, version, correlationId, resolve, reject } = waiting
    try {
      const reader = new Reader(frame)
      const header = responseHeader.read(reader, api.responseHeaderVersion(version))
      if (header.correlationId !== correlationId)
        throw new Error(`answer to ${header.correlationId} instead of ${correlationId}`)
      const response = api.response.read(reader, version)
      if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes after the answer`)
      resolve(response)
    } catch (error) {
      reject(error as Error)
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** A whole request as it goes over the wire, size field included. */
export function encodeRequest<A extends AnyApi>(
  api: A,
  version: number,
  body: RequestInput<A>,
  { correlationId = 1, clientId = 'raw' }: { correlationId?: number; clientId?: string | null } = {},
): Buffer {
  const writer = new Writer({ frame: true })
  requestHeader.write(
    writer,
    { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId },
    api.requestHeaderVersion(version),
  )
  api.request.write(writer, body as Request<A>, version)
  return Buffer.concat(writer.finish())
}
