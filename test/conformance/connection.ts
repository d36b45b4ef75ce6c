/**
 * One connection to a broker, over which a scenario says exactly what it means to say: any API, any version, any bytes. That
 * the broker hangs up is an answer too. It must never retry, reconnect or correct anything.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type AnyApi,
  Reader,
  type Request,
  type RequestInput,
  requestHeader,
  responseHeader,
  Writer,
} from '@ottla/protocol'

/** The broker closed the connection instead of answering. */
export class HungUpError extends Error {
  override readonly name = 'HungUpError'
}

interface Expected {
  /** Null for frames made by hand, whose header may be anything. */
  readonly correlationId: number | null
  resolve(frame: Buffer): void
  reject(error: Error): void
}

const ANSWER_TIMEOUT_MS = 10_000

export class Connection {
  readonly #socket: Socket
  readonly #clientId: string | null
  readonly #expected: Expected[] = []
  #received: Buffer = Buffer.alloc(0)
  #nextCorrelationId = 1

  static async open(port: number, clientId: string | null): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket, clientId)
  }

  private constructor(socket: Socket, clientId: string | null) {
    this.#socket = socket
    this.#clientId = clientId
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    // A reset is one way of hanging up; 'close' follows it.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#fail(new HungUpError('the broker closed the connection')))
  }

  /** Resolves with the answer's body. Rejects with HungUpError, or when nothing comes for a long time. */
  async ask<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Buffer> {
    const correlationId = this.#nextCorrelationId++
    const frame = await this.#expect(this.#request(api, version, body, correlationId), correlationId)
    const reader = new Reader(frame)
    responseHeader.read(reader, api.responseHeaderVersion(version))
    return frame.subarray(reader.position)
  }

  /** Sends a request that has no answer: Produce with acks=0. */
  tell<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): void {
    this.#socket.write(this.#request(api, version, body, this.#nextCorrelationId++))
  }

  /** Sends a frame made by hand; resolves with whatever frame comes back, its header included. */
  askRaw(frame: Buffer): Promise<Buffer> {
    return this.#expect(frame, null)
  }

  /** Resolves when the connection has ended; false when it still stands after a long time. */
  async hasEnded(): Promise<boolean> {
    if (this.#socket.closed) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS, false)
    this.#socket.once('close', () => resolve(true))
    const hasEnded = await promise
    clearTimeout(timer)
    return hasEnded
  }

  close(): void {
    this.#socket.destroy()
  }

  #request<A extends AnyApi>(api: A, version: number, body: RequestInput<A>, correlationId: number): Buffer {
    const writer = new Writer({ frame: true })
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId: this.#clientId }
    requestHeader.write(writer, header, api.requestHeaderVersion(version))
    api.request.write(writer, body as Request<A>, version)
    return Buffer.concat(writer.finish())
  }

  #expect(bytes: Buffer, correlationId: number | null): Promise<Buffer> {
    return new Promise<Buffer>((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new HungUpError('the connection was closed before'))
      const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS)
      this.#expected.push({
        correlationId,
        resolve(frame) {
          clearTimeout(timer)
          resolve(frame)
        },
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#socket.write(bytes)
    })
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      this.#take(frame)
    }
  }

  /** Answers come in the order of the requests: anything else is a fault of the broker. */
  #take(frame: Buffer): void {
    const expected = this.#expected.shift()
    const correlationId = frame.readInt32BE(0)
    if (expected === undefined) this.#fail(new Error(`an answer that nobody asked for, to request ${correlationId}`))
    else if (expected.correlationId === null || correlationId === expected.correlationId) expected.resolve(frame)
    else expected.reject(new Error(`an answer to request ${correlationId} instead of ${expected.correlationId}`))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#expected.splice(0)) reject(error)
  }
}
