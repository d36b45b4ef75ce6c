/**
 * How an API is handled: a schema, a function that acts and answers, and how a refusal is said.
 *
 * A handler throws `KafkaError` for what the client may see; the dispatcher turns that into the API's own error answer.
 * Anything else that is thrown is a bug: it is logged with its request and answered UNKNOWN_SERVER_ERROR. Either way the
 * connection lives. A handler must never touch a socket.
 */

import type { AnyApi, ErrorName, Request, ResponseInput } from '@ottla/protocol'
import type { BrokerServices, ConnectionInfo } from '../services.ts'

export interface HandlerContext<A extends AnyApi> {
  readonly request: Request<A>
  readonly version: number
  readonly broker: BrokerServices
  readonly connection: ConnectionInfo
}

/** What could not be done, in the API's own error answer. */
export interface Refusal<A extends AnyApi> {
  readonly broker: BrokerServices
  readonly request: Request<A>
  readonly version: number
  readonly errorName: ErrorName
  readonly errorCode: number
  readonly errorMessage: string
}

/** `null` means: no answer at all (Produce with acks=0). */
export type Answer<A extends AnyApi> = ResponseInput<A> | null

export interface HandlerOptions<A extends AnyApi> {
  /**
   * The answer that says "refused" for the whole request. May be left out where the response has an `errorCode` at its
   * top; an API that reports per topic or group has to say it for each. `null`: the request has no answer, the connection is closed.
   */
  readonly refuse?: (refusal: Refusal<A>) => Answer<A>
  /**
   * Whether the next request of the same connection may start as soon as `act` has returned, before its promise settles:
   * all that must be in order has happened by then. Asked before `act`. Answers keep the order of requests in any case. Kafka itself never
   * does this; Produce needs it here so that batches sent back to back share one flush.
   */
  readonly pipelined?: (context: HandlerContext<A>) => boolean
}

export interface Handler {
  readonly api: AnyApi
  isPipelined(context: HandlerContext<AnyApi>): boolean
  act(context: HandlerContext<AnyApi>): object | null | Promise<object | null>
  refuse(refusal: Refusal<AnyApi>): object | null
}

type Options<A extends AnyApi> = 'errorCode' extends keyof ResponseInput<A>
  ? [options?: HandlerOptions<A>]
  : [options: HandlerOptions<A> & Required<Pick<HandlerOptions<A>, 'refuse'>>]

/** Declares the handler of one API. */
export function handler<A extends AnyApi>(
  api: A,
  act: (context: HandlerContext<A>) => Answer<A> | Promise<Answer<A>>,
  ...[options]: Options<A>
): Handler {
  const refuse = options?.refuse ?? (({ errorCode, errorMessage }) => ({ errorCode, errorMessage }))
  // The dispatcher decodes with this very `api` and encodes with it too: that is what makes the casts true.
  return {
    api,
    isPipelined: (options?.pipelined ?? (() => false)) as unknown as Handler['isPipelined'],
    act: act as unknown as Handler['act'],
    refuse: refuse as unknown as Handler['refuse'],
  }
}
