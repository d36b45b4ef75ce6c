/**
 * From a frame to the bytes of its answer: finds the API, decodes, lets the handler act, encodes what it answers or why it
 * refuses. Knows nothing of sockets and of the order of answers.
 */

import {
  type ErrorName,
  errorCode,
  KafkaError,
  MalformedMessageError,
  Reader,
  requestHeader,
  responseHeader,
  Writer,
} from '@ottla/protocol'
import type { ApiEntry } from '../api-table.ts'
import { printable } from '../logger.ts'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import { ApiStats } from '../telemetry/request-stats.ts'
import type { Intervention, RequestHook } from './request-hook.ts'
import { topicsNamedBy } from './request-topics.ts'

/** A frame as it was understood: what remains to do is to act. */
export interface ReceivedRequest {
  readonly entry: ApiEntry
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  /** The decoded body. */
  readonly request: object
  /** Answered without acting: the version is not one that is served (ApiVersions only). */
  readonly isUnsupportedVersion: boolean
  /** When its turn came: monotonic milliseconds. */
  readonly beganMs: number
}

/** The client can't be understood: the connection has to be closed. The message goes to the log. */
export class BadRequestError extends Error {
  override readonly name = 'BadRequestError'
}

/** The bytes of an answer, size field included; null: this request is not answered. */
export type AnswerBytes = Buffer[] | null

/** API key, version, correlation id. */
const leastHeaderBytes = 8
const apiVersionsKey = 18

export class Dispatcher {
  readonly #entries = new Map<number, ApiEntry>()
  readonly #stats = new Map<ApiEntry, ApiStats>()
  readonly #hook: RequestHook | undefined
  #services: BrokerServices
  #underWay = 0
  #onIdle: (() => void) | null = null
  /** While set, requests wait for it: what they would work with is being replaced. */
  #held: Promise<void> | null = null

  constructor(table: readonly ApiEntry[], services: BrokerServices, hook?: RequestHook) {
    for (const entry of table) {
      this.#entries.set(entry.key, entry)
      this.#stats.set(entry, new ApiStats())
    }
    this.#services = services
    this.#hook = hook
  }

  /** What was counted since the start, by API, with all APIs that are served. */
  *stats(): Iterable<{ api: string; stats: ApiStats }> {
    for (const [entry, stats] of this.#stats) yield { api: entry.name, stats }
  }

  /**
   * From now on requests wait until they are let go on with the services that are there by then. `idle` resolves when none is under
   * way any more; whoever waits for something better has to be told to answer.
   */
  hold(): { idle: Promise<void>; release: (services: BrokerServices) => void } {
    if (this.#held !== null) throw new Error('requests are held already')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    const idle = Promise.withResolvers<void>()
    if (this.#underWay === 0) idle.resolve()
    else this.#onIdle = idle.resolve
    const release = (services: BrokerServices): void => {
      this.#services = services
      this.#held = null
      resolve()
    }
    return { idle: idle.promise, release }
  }

  /** @throws BadRequestError */
  receive(frame: Buffer): ReceivedRequest {
    if (frame.length < leastHeaderBytes) throw new BadRequestError(`a request of ${frame.length} bytes has no header`)
    const beganMs = performance.now()
    const key = frame.readInt16BE(0)
    const version = frame.readInt16BE(2)
    const correlationId = frame.readInt32BE(4)
    const entry = this.#entries.get(key)
    if (entry === undefined) throw new BadRequestError(`API key ${key} is not served`)
    if (version < entry.lowestVersion || version > entry.highestVersion) {
      if (key === apiVersionsKey) {
        return { entry, version: 0, correlationId, clientId: null, request: {}, isUnsupportedVersion: true, beganMs }
      }
      const served = `${entry.lowestVersion} to ${entry.highestVersion}`
      throw new BadRequestError(`version ${version} of ${entry.name} is not served, ${served} are`)
    }
    const { api } = entry.handler
    const reader = new Reader(frame)
    try {
      const { clientId } = requestHeader.read(reader, api.requestHeaderVersion(version))
      const request = api.request.read(reader, version)
      return { entry, version, correlationId, clientId, request, isUnsupportedVersion: false, beganMs }
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      throw new BadRequestError(`${entry.name} v${version} can't be decoded: ${error.message}`)
    }
  }

  /** Whether the next request of the connection may begin when `act` has returned; to be asked before. */
  isPipelined(received: ReceivedRequest, connection: ConnectionInfo): boolean {
    // What would be asked is about to be replaced: its word does not count any more.
    if (this.#held !== null || received.isUnsupportedVersion) return false
    const { entry, version, request } = received
    return entry.handler.isPipelined({ request, version, broker: this.#services, connection } as never)
  }

  /**
   * Acts on a request. Never throws and never rejects: whatever goes wrong is an answer (or, with acks=0, none).
   * What must happen in order has happened when it returns if `isPipelined`.
   */
  act(received: ReceivedRequest, connection: ConnectionInfo): AnswerBytes | Promise<AnswerBytes> {
    if (this.#held !== null) return this.#held.then(() => this.act(received, connection))
    if (received.isUnsupportedVersion) return this.#refuse(received, 'UNSUPPORTED_VERSION', '')
    const { entry, version, request } = received
    try {
      const answer = entry.handler.act({ request, version, broker: this.#services, connection } as never)
      if (!(answer instanceof Promise)) return this.#encode(received, answer)
      this.#underWay++
      return answer.then(
        value => {
          this.#noteEnd()
          return this.#encodeOrRefuse(received, value, connection)
        },
        error => {
          this.#noteEnd()
          return this.#fail(received, error, connection)
        },
      )
    } catch (error) {
      return this.#fail(received, error, connection)
    }
  }

  /** Null where the request goes its way: then `act` is to be called, else `intervene`. */
  intervention(
    { entry, version, request, clientId }: ReceivedRequest,
    connection: ConnectionInfo,
  ): Intervention | null {
    if (this.#hook === undefined) return null
    const topics = () => topicsNamedBy(request, this.#services)
    return this.#hook({ api: entry.name, version, body: request, topics, clientId, connection })
  }

  /** Never throws and never rejects, as `act`. */
  async intervene(
    intervention: Intervention,
    received: ReceivedRequest,
    connection: ConnectionInfo,
  ): Promise<AnswerBytes> {
    try {
      return await intervention({
        act: () => this.act(received, connection),
        refuse: errorName => this.#refuse(received, errorName, ''),
      })
    } catch (error) {
      return this.#fail(received, error, connection)
    }
  }

  #noteEnd(): void {
    this.#underWay--
    if (this.#underWay > 0) return
    this.#onIdle?.()
    this.#onIdle = null
  }

  #encodeOrRefuse(received: ReceivedRequest, answer: object | null, connection: ConnectionInfo): AnswerBytes {
    try {
      return this.#encode(received, answer)
    } catch (error) {
      return this.#fail(received, error, connection)
    }
  }

  #encode(received: ReceivedRequest, answer: object | null): AnswerBytes {
    const bytes = answer === null ? null : this.#bytesOf(received, answer)
    this.#stats.get(received.entry)!.note(performance.now() - received.beganMs)
    return bytes
  }

  #bytesOf({ entry, version, correlationId }: ReceivedRequest, answer: object): Buffer[] {
    const { api } = entry.handler
    const writer = new Writer({ frame: true })
    responseHeader.write(writer, { correlationId }, api.responseHeaderVersion(version))
    api.response.write(writer, answer as never, version)
    return writer.finish()
  }

  #fail(received: ReceivedRequest, error: unknown, connection: ConnectionInfo): AnswerBytes {
    const answer = this.#answerTo(received, error, connection)
    if (answer === null) connection.close(`${received.entry.name} has no answer to say its failure: ${String(error)}`)
    return answer
  }

  #answerTo(received: ReceivedRequest, error: unknown, connection: ConnectionInfo): AnswerBytes {
    if (error instanceof KafkaError) return this.#refuse(received, error.errorName, error.message)
    const { entry, version, clientId } = received
    this.#services.logger.error(
      { api: entry.name, version, clientId: printable(clientId ?? ''), client: connection.clientHost, err: error },
      'a bug: this request failed in a way that was not foreseen',
    )
    return this.#refuse(received, 'UNKNOWN_SERVER_ERROR', 'The server failed in a way that was not foreseen')
  }

  #refuse(received: ReceivedRequest, errorName: ErrorName, errorMessage: string): AnswerBytes {
    const { entry, version, request } = received
    this.#stats.get(entry)!.noteRefusal(errorName)
    return this.#encode(
      received,
      entry.handler.refuse({
        request,
        version,
        broker: this.#services,
        errorName,
        errorCode: errorCode(errorName),
        errorMessage,
      } as never),
    )
  }
}
