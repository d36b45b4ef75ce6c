/**
 * The port through which someone outside may step between a request and its handler: the faults of a test. Without a hook, and for each
 * request that it lets pass, nothing differs. It must never change the request.
 */

import type { ErrorName } from '@ottla/protocol'
import type { ConnectionInfo } from '../services.ts'
import type { AnswerBytes } from './dispatcher.ts'

export interface HookedRequest {
  /** The API's name, as in Kafka's documentation: `Produce`. */
  readonly api: string
  readonly version: number
  /** The decoded body. */
  readonly body: object
  /** Names of the topics that it is about, as far as they are known. */
  topics(): ReadonlySet<string>
  readonly clientId: string | null
  readonly connection: ConnectionInfo
}

/** What the intervention may do instead of just acting. */
export interface HookedHandler {
  /** Lets the handler act, once. Never rejects. */
  act(): AnswerBytes | Promise<AnswerBytes>
  /** The API's own answer for an error, without acting. */
  refuse(errorName: ErrorName): AnswerBytes
}

/**
 * Decides the fate of one request. Until it settles, the next request of the same connection waits (whatever the API), as behind a
 * slow handler. `null` as an answer means that none is sent. Must settle once the connection is ending.
 */
export type Intervention = (handler: HookedHandler) => AnswerBytes | Promise<AnswerBytes>

/** Null: the request goes its way. Must not throw. */
export type RequestHook = (request: HookedRequest) => Intervention | null
