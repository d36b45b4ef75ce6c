/**
 * Kafka's JSON form of a message as the value that decoding should yield: bytes are base64, fields that are missing hold their
 * defaults, and record sets, which that form leaves out, are taken from `decoded`. For tests only.
 */

import type { Field, Fields } from '../schema/index.ts'
import { zeroUuid } from '../schema/index.ts'

type Json = { readonly [name: string]: unknown }

export function fromKafkaJson(fields: Fields, json: Json, decoded: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      name in json ? fromJson(field, json[name], decoded[name]) : defaultValue(field),
    ]),
  )
}

function fromJson(field: Field, json: unknown, decoded: unknown): unknown {
  if (json === null) return null
  switch (field.type) {
    case 'int64':
      return BigInt(json as number | bigint)
    case 'bytes':
      return Buffer.from(json as string, 'base64')
    case 'records':
      return decoded
    case 'array':
      return (json as unknown[]).map((element, index) =>
        fromJson(field.element!, element, (decoded as unknown[])[index]),
      )
    case 'struct':
      return fromKafkaJson(field.fields!, json as Json, decoded as Json)
    default:
      return json
  }
}

/** What a field holds in versions that lack it. */
export function defaultValue({ type, fields, options }: Field): unknown {
  if (options.default !== undefined) return options.default
  switch (type) {
    case 'boolean':
      return false
    case 'int64':
      return 0n
    case 'uuid':
      return zeroUuid
    case 'string':
      return ''
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    case 'array':
      return []
    case 'struct':
      return fromKafkaJson(fields!, {}, {})
    default:
      return 0
  }
}
