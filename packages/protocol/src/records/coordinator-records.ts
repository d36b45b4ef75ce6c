/**
 * The records of a coordinator's topic. A key is an int16 that names the record type, then the key message; a value is an int16
 * version, then the value message. The key alone says what a value is, and a null value (a tombstone) removes what the key names.
 */

import {
  type DecodedMessage,
  type Message,
  type MessageInput,
  Reader,
  type RecordMessage,
  Writer,
} from '../schema/index.ts'
import { decodeVersioned, encodeVersioned } from './versioned.ts'

interface KeyAndValue {
  readonly key: RecordMessage<object, object>
  readonly value: Message<object, object>
}

/** Keys have one version: a new kind of key gets a number of its own. */
const keyVersion = 0

export type CoordinatorKey<Types extends Record<string, KeyAndValue>> =
  | { [Type in keyof Types]: { type: Type; key: DecodedMessage<Types[Type]['key']> } }[keyof Types]
  | { type: 'unknown'; recordType: number }

export class CoordinatorRecords<const Types extends Record<string, KeyAndValue>> {
  readonly types: Types
  readonly #byRecordType: ReadonlyMap<number, keyof Types>

  constructor(types: Types) {
    this.types = types
    this.#byRecordType = new Map(Object.entries(types).map(([type, { key }]) => [key.recordType, type]))
  }

  encodeKey<Type extends keyof Types>(type: Type, key: MessageInput<Types[Type]['key']>): Buffer {
    const message: RecordMessage<object, object> = this.#of(type).key
    const writer = new Writer()
    writer.int16(message.recordType)
    message.write(writer, key as object, keyVersion)
    return writer.finishBuffer()
  }

  encodeValue<Type extends keyof Types>(
    type: Type,
    value: MessageInput<Types[Type]['value']>,
    version: number,
  ): Buffer {
    return encodeVersioned(this.#of(type).value, value as object, version)
  }

  /** Record types of a newer Kafka come out as `unknown`: Kafka skips them with a warning. Throws MalformedMessageError. */
  decodeKey(buffer: Buffer): CoordinatorKey<Types> {
    const reader = new Reader(buffer)
    const recordType = reader.int16()
    const type = this.#byRecordType.get(recordType)
    if (type === undefined) return { type: 'unknown', recordType }
    return { type, key: this.#of(type).key.read(reader, keyVersion) } as CoordinatorKey<Types>
  }

  /** Throws MalformedMessageError. */
  decodeValue<Type extends keyof Types>(type: Type, buffer: Buffer): DecodedMessage<Types[Type]['value']> {
    return decodeVersioned(this.#of(type).value, buffer) as DecodedMessage<Types[Type]['value']>
  }

  #of(type: keyof Types): KeyAndValue {
    return this.types[type]!
  }
}
