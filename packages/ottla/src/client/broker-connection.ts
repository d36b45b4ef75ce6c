/**
 * One connection to one broker of whatever cluster: speaks each API in the newest version that both sides know. Requests may overlap;
 * answers come in their order. Nothing is tried again here.
 */

import { connect as connectSocket, type Socket } from 'node:net'
import {
  type AnyApi,
  apiVersions,
  errorCode,
  Reader,
  type Request,
  type RequestInput,
  type Response,
  requestHeader,
  responseHeader,
  Writer,
} from '@ottla/protocol'
import { TimedOutError, UnreachableError } from './errors.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

interface Waiting {
  readonly api: AnyApi
  readonly version: number
  readonly correlationId: number
  readonly resolve: (response: object) => void
  readonly reject: (error: Error) => void
}

const clientId = 'ottla'
const sizeBytes = 4
/** The oldest version in which a client may say who it is; a broker that does not know it answers as v0. */
const helloVersion = 3

export class BrokerConnection {
  readonly address: BrokerAddress
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  /** By API key: what the broker serves. */
  readonly #versions = new Map<number, { lowest: number; highest: number }>()
  readonly #chunks: Buffer[] = []
  #receivedBytes = 0
  /** Of the next frame: its size field first, then all of it. */
  #neededBytes = sizeBytes
  #nextCorrelationId = 1
  #failure: Error | null = null

  /** Rejects with an UnreachableError, a TimedOutError for a port that is open but says nothing. */
  static async open(address: BrokerAddress, { timeoutMs }: { timeoutMs: number }): Promise<BrokerConnection> {
    const { host, port } = address
    const socket = connectSocket({ host, port, noDelay: true })
    const timer = setTimeout(() => {
      socket.destroy(new TimedOutError(`${host}:${port} did not answer within ${timeoutMs} ms: is it a Kafka broker?`))
    }, timeoutMs)
    const connection = new BrokerConnection(address, socket)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
      await connection.#greet()
      return connection
    } catch (error) {
      socket.destroy()
      if (error instanceof TimedOutError || error instanceof UnreachableError) throw error
      throw new UnreachableError(`${host}:${port} can't be reached: ${(error as Error).message || error}`, {
        cause: error,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  private constructor(address: BrokerAddress, socket: Socket) {
    this.address = address
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new UnreachableError(`${this.#name} has closed the connection`)))
  }

  get isOpen(): boolean {
    return this.#failure === null
  }

  /** The newest version that both sides know, up to `newest`. Throws an Error where there is none. */
  versionOf({ key, name, versions }: AnyApi, newest = versions.highestStable): number {
    const served = this.#versions.get(key)
    const version = Math.min(served?.highest ?? -1, newest)
    if (served === undefined || version < Math.max(served.lowest, versions.lowest)) {
      const what = served === undefined ? 'does not serve it' : `serves versions ${served.lowest} to ${served.highest}`
      throw new Error(`${name} can't be asked of ${this.#name}: it ${what}`)
    }
    return version
  }

  /** Rejects when the connection breaks first. */
  request<A extends AnyApi>(api: A, body: RequestInput<A>, version = this.versionOf(api)): Promise<Response<A>> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const correlationId = this.#nextCorrelationId++
    const writer = new Writer({ frame: true })
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId }
    requestHeader.write(writer, header, api.requestHeaderVersion(version))
    api.request.write(writer, body as Request<A>, version)
    for (const chunk of writer.finish()) this.#socket.write(chunk)
    return new Promise<object>((resolve, reject) => {
      this.#waiting.push({ api, version, correlationId, resolve, reject })
    }) as Promise<Response<A>>
  }

  close(): void {
    this.#socket.destroy()
  }

  async #greet(): Promise<void> {
    const body = { clientSoftwareName: 'ottla', clientSoftwareVersion: '0' }
    let { errorCode: code, apiKeys } = await this.request(apiVersions, body, helloVersion)
    if (code === errorCode('UNSUPPORTED_VERSION')) {
      ;({ errorCode: code, apiKeys } = await this.request(apiVersions, {}, 0))
    }
    if (code !== 0) throw new Error(`it refuses to say what it serves (error ${code})`)
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      this.#versions.set(apiKey, { lowest: minVersion, highest: maxVersion })
    }
  }

  get #name(): string {
    return `${this.address.host}:${this.address.port}`
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#receivedBytes += chunk.length
    while (this.#receivedBytes >= this.#neededBytes) {
      const received = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      const end = sizeBytes + received.readInt32BE(0)
      if (end < sizeBytes) {
        this.#fail(new UnreachableError(`${this.#name} does not speak Kafka's protocol`))
        return
      }
      const isWhole = received.length >= end
      const rest = isWhole ? received.subarray(end) : received
      this.#chunks.splice(0, this.#chunks.length, rest)
      this.#receivedBytes = rest.length
      // Chunks are joined when the size is known, and once more when all of it is there.
      this.#neededBytes = isWhole ? sizeBytes : end
      if (isWhole) this.#answer(received.subarray(sizeBytes, end))
    }
  }

  #answer(frame: Buffer): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) {
      this.#fail(new UnreachableError(`${this.#name} answers what nobody has asked`))
      return
    }
    const { api, version, correlationId, resolve, reject } = waiting
    try {
      const reader = new Reader(frame)
      // A broker that does not know the version of ApiVersions answers in v0, header and all (KIP-511).
      const isOldAnswer = api.key === apiVersions.key && frame.readInt16BE(4) === errorCode('UNSUPPORTED_VERSION')
      const spoken = isOldAnswer ? 0 : version
      const header = responseHeader.read(reader, api.responseHeaderVersion(spoken))
      if (header.correlationId !== correlationId) throw new Error('answers are out of order')
      resolve(api.response.read(reader, spoken))
    } catch (error) {
      reject(error as Error)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
    this.#socket.destroy()
  }
}
