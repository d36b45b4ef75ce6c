/**
 * An API: its key, and the messages asked and answered.
 */

import type { Decoded, Fields, Input } from './fields.ts'
import { Message, type MessageOptions, type Versions } from './message.ts'

export interface ApiOptions extends MessageOptions {
  /** The last version that is not under development; the highest unless given. */
  readonly highestStable?: number
  /** Where it does not follow from the flexible versions: ApiVersions. */
  readonly responseHeaderVersion?: number
}

export interface ApiVersionRange extends Versions {
  readonly highestStable: number
}

export class Api<RequestOut = unknown, RequestIn = unknown, ResponseOut = unknown, ResponseIn = unknown> {
  readonly key: number
  readonly name: string
  readonly versions: ApiVersionRange
  readonly request: Message<RequestOut, RequestIn>
  readonly response: Message<ResponseOut, ResponseIn>
  readonly #responseHeaderVersion: number | undefined

  constructor(key: number, name: string, options: ApiOptions, schemas: { request: Fields; response: Fields }) {
    this.key = key
    this.name = name
    this.request = new Message(`${name}Request`, options, schemas.request)
    this.response = new Message(`${name}Response`, options, schemas.response)
    const { lowest, highest } = this.request.versions
    this.versions = { lowest, highest, highestStable: options.highestStable ?? highest }
    this.#responseHeaderVersion = options.responseHeaderVersion
  }

  /** Defined for versions that do not exist too: their requests must be answered with UNSUPPORTED_VERSION. */
  requestHeaderVersion(version: number): number {
    return this.request.isFlexible(version) ? 2 : 1
  }

  responseHeaderVersion(version: number): number {
    return this.#responseHeaderVersion ?? (this.response.isFlexible(version) ? 1 : 0)
  }
}

export function api<const Q extends Fields, const S extends Fields>(
  key: number,
  name: string,
  options: ApiOptions,
  schemas: { request: Q; response: S },
): Api<Decoded<Q>, Input<Q>, Decoded<S>, Input<S>> {
  return new Api(key, name, options, schemas)
}

/** A decoded request: all fields are there. */
export type Request<A> = A extends Api<infer Out, infer _1, infer _2, infer _3> ? Out : never
/** What a request is encoded from: fields with defaults may be left out. */
export type RequestInput<A> = A extends Api<infer _0, infer In, infer _2, infer _3> ? In : never
/** A decoded response: all fields are there. */
export type Response<A> = A extends Api<infer _0, infer _1, infer Out, infer _3> ? Out : never
/** What a response is encoded from: fields with defaults may be left out. */
export type ResponseInput<A> = A extends Api<infer _0, infer _1, infer _2, infer In> ? In : never
