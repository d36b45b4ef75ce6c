/**
 * The few bytes of the protocol that black-box tests write by hand. It deliberately shares nothing with packages/protocol:
 * an error there must not cancel itself out here.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type WireRequest = {
  apiKey: number
  apiVersion: number
  correlationId?: number
  clientId?: string
  body?: Buffer
}

/** A whole frame with request header version 1 (no tagged fields). */
export function frame({
  apiKey,
  apiVersion,
  correlationId = 1,
  clientId = 'wire',
  body = Buffer.alloc(0),
}: WireRequest): Buffer {
  const client = Buffer.from(clientId)
  const header = Buffer.alloc(14)
  header.writeInt32BE(10 + client.length + body.length, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(correlationId, 8)
  header.writeInt16BE(client.length, 12)
  return Buffer.concat([header, client, body])
}

export const apiVersionsV0 = (correlationId = 1): Buffer => frame({ apiKey: 18, apiVersion: 0, correlationId })

/** Metadata version 1 for no topic: the answer names the brokers. */
export const metadataV1 = (correlationId = 1): Buffer =>
  frame({ apiKey: 3, apiVersion: 1, correlationId, body: Buffer.from([0, 0, 0, 0]) })

export class WireConnection {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk as Buffer])
      this.#wake()
    })
    // A reset is one way to be shown the door: `response` tells it apart from an answer.
    socket.on('error', () => this.#wake())
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  static async open(port: number): Promise<WireConnection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new WireConnection(socket)
  }

  /** The next whole frame without its size field, or undefined when the connection closes first. */
  async response(timeoutMs = 60_000): Promise<Buffer | undefined> {
    const whole = () => this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)
    await this.#until(() => whole() || this.#ended, timeoutMs)
    if (!whole()) return undefined
    const size = this.#received.readInt32BE(0)
    const body = this.#received.subarray(4, 4 + size)
    this.#received = this.#received.subarray(4 + size)
    return body
  }

  /** Resolves when the other side has closed the connection. */
  closed(timeoutMs = 60_000): Promise<void> {
    return this.#until(() => this.#ended, timeoutMs)
  }

  async ask(bytes: Buffer, timeoutMs?: number): Promise<Buffer | undefined> {
    this.socket.write(bytes)
    return this.response(timeoutMs)
  }

  close(): void {
    this.socket.destroy()
  }

  async #until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!isDone()) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`nothing happened on the connection within ${timeoutMs} ms`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
