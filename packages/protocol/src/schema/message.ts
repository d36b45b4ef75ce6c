/**
 * A message: a schema, the versions it has, and its codecs, one a version, compiled when first used.
 */

import { compileReader } from './compile-reader.ts'
import { compileWriter } from './compile-writer.ts'
import type { Decoded, Fields, Input } from './fields.ts'
import { MalformedMessageError } from './malformed-message-error.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

export interface Versions {
  readonly lowest: number
  /** Inclusive. */
  readonly highest: number
}

export interface MessageOptions {
  /** `'3-13'`, or `'0'` where there is one. */
  readonly versions: string
  /** `'9+'`: from there on lengths are compact and structs end with tagged fields. Never unless given. */
  readonly flexible?: string
}

interface Codec<Out, In> {
  read?(reader: Reader): Out
  write?(writer: Writer, value: In): void
}

export class Message<Out = unknown, In = unknown> {
  readonly name: string
  readonly versions: Versions
  readonly fields: Fields
  /** The first flexible version; infinite where there is none. */
  readonly flexibleSince: number
  readonly #codecs: Codec<Out, In>[] = []

  constructor(name: string, { versions, flexible }: MessageOptions, fields: Fields) {
    this.name = name
    this.versions = parseVersions(versions)
    this.flexibleSince = flexible === undefined ? Number.POSITIVE_INFINITY : parseSince(flexible)
    this.fields = fields
  }

  isFlexible(version: number): boolean {
    return version >= this.flexibleSince
  }

  /**
   * Byte fields of the result are views on the buffer. Bytes after the message are not looked at: Kafka's server ignores them too.
   * Throws MalformedMessageError where the bytes are not this message in this version.
   */
  decode(buffer: Buffer, version: number): Out {
    return this.read(new Reader(buffer), version)
  }

  /** As `decode`, from the reader's position on, which ends up after the message. */
  read(reader: Reader, version: number): Out {
    const codec = this.#codec(version)
    codec.read ??= compileReader<Out>(this.fields, this.#context(version), this.#describe(version))
    try {
      return codec.read(reader)
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      throw new MalformedMessageError(`${this.#describe(version)}: ${error.message}`)
    }
  }

  /** Throws a RangeError or TypeError where the value does not fit the schema: a bug of the caller. */
  encode(value: In, version: number): Buffer {
    const writer = new Writer()
    this.write(writer, value, version)
    return writer.finishBuffer()
  }

  /**
   * As `encode`, at the end of what the writer holds; large byte fields are taken by reference. Where it throws, the writer holds half a
   * message and must be thrown away.
   */
  write(writer: Writer, value: In, version: number): void {
    const codec = this.#codec(version)
    codec.write ??= compileWriter<In>(this.fields, this.#context(version), this.#describe(version))
    try {
      codec.write(writer, value)
    } catch (error) {
      throw new RangeError(`cannot encode ${this.#describe(version)}: ${(error as Error).message}`, { cause: error })
    }
  }

  #codec(version: number): Codec<Out, In> {
    let codec = this.#codecs[version]
    if (!codec) {
      const { lowest, highest } = this.versions
      if (!Number.isInteger(version) || version < lowest || version > highest) {
        throw new RangeError(`${this.name} has versions ${lowest} to ${highest}, not ${version}`)
      }
      codec = {}
      this.#codecs[version] = codec
    }
    return codec
  }

  #context(version: number) {
    return { version, flexible: this.isFlexible(version) }
  }

  #describe(version: number): string {
    return `${this.name} v${version}`
  }
}

/** A message that is not part of an API: a header, a record kept in a log. */
export function message<const F extends Fields>(
  name: string,
  options: MessageOptions,
  fields: F,
): Message<Decoded<F>, Input<F>> {
  return new Message(name, options, fields)
}

/** A message kept in a log, with the number that says which of them a record holds. */
export class RecordMessage<Out = unknown, In = unknown> extends Message<Out, In> {
  readonly recordType: number

  constructor(name: string, { recordType, ...options }: RecordMessageOptions, fields: Fields) {
    super(name, options, fields)
    this.recordType = recordType
  }
}

export interface RecordMessageOptions extends MessageOptions {
  readonly recordType: number
}

export function recordMessage<const F extends Fields>(
  name: string,
  options: RecordMessageOptions,
  fields: F,
): RecordMessage<Decoded<F>, Input<F>> {
  return new RecordMessage(name, options, fields)
}

/** What a message decodes to. */
export type DecodedMessage<M> = M extends Message<infer Out, infer _> ? Out : never
/** What a message encodes from. */
export type MessageInput<M> = M extends Message<infer _, infer In> ? In : never

function parseVersions(versions: string): Versions {
  const match = /^(\d+)(?:-(\d+))?$/.exec(versions)
  if (!match) throw new Error(`not a range of versions: ${versions}`)
  return { lowest: Number(match[1]), highest: Number(match[2] ?? match[1]) }
}

function parseSince(versions: string): number {
  const match = /^(\d+)\+$/.exec(versions)
  if (!match) throw new Error(`not an open range of versions: ${versions}`)
  return Number(match[1])
}
