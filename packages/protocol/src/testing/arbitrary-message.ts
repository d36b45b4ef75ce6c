/** Random values of a message in one version, in the form that decoding yields. For tests only. */

import fc from 'fast-check'
import type { Field, Fields } from '../schema/index.ts'
import { defaultValue } from './kafka-json.ts'

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constant('a'.repeat(300)),
)
/** Now and then large enough to be written by reference. */
const binary = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
  fc.constant(Buffer.alloc(1500, 7)),
)

export function arbitraryFields(fields: Fields, version: number): fc.Arbitrary<object> {
  const entries = Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, version)] as const)
  return fc.record(Object.fromEntries(entries), { noNullPrototype: true })
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  const { since = 0, until = Number.POSITIVE_INFINITY, nullableSince = 0 } = field.options
  if (version < since || version > until) return fc.constant(defaultValue(field))
  const value = arbitraryValue(field, version)
  const values = field.nullable && version >= nullableSince ? fc.option(value, { nil: null, freq: 3 }) : value
  // Defaults often enough that tagged fields are left out too.
  const byDefault = defaultValue(field)
  return byDefault === null
    ? values
    : fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: fc.constant(byDefault) })
}

function arbitraryValue({ type, element, fields }: Field, version: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffffffff })
    case 'float64':
      return fc.double()
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('base64url'))
    case 'string':
      return text
    case 'bytes':
    case 'records':
      return binary
    case 'array':
      return fc.array(arbitraryField(element!, version), { maxLength: 3 })
    case 'struct':
      return arbitraryFields(fields!, version)
  }
}
