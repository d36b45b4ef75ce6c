/**
 * What strangers may send: cut, mutated and random bytes into every decoder. Nothing but MalformedMessageError comes out, and nothing
 * is allocated that the bytes do not pay for.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fetch, metadata } from './messages/index.ts'
import { type Field, type Fields, MalformedMessageError, type Message, Reader } from './schema/index.ts'
import { elementLayout, fieldLayouts, minimumSize } from './schema/layout.ts'
import { maxElements } from './schema/reader.ts'
import { goldenVectors } from './testing/golden-vectors.ts'
import { defaultValue } from './testing/kafka-json.ts'
import { allMessages, versionsOf } from './testing/messages.ts'
import { retainedBytes } from './testing/retained-bytes.ts'

type AnyMessage = Message<object, object>

function decodeOrRefuse(message: AnyMessage, bytes: Buffer, version: number): void {
  try {
    message.decode(bytes, version)
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
  }
}

describe('hostile bytes', () => {
  it('every proper prefix of a message is refused', () => {
    for (const { message: name, version, hex } of goldenVectors) {
      const message = allMessages.get(name)!
      const bytes = Buffer.from(hex, 'hex')
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => message.decode(bytes.subarray(0, length), version), MalformedMessageError)
      }
    }
  })

  it('mutated messages decode or are refused', () => {
    const mutation = fc.record({
      vector: fc.nat({ max: goldenVectors.length - 1 }),
      edits: fc.array(fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff) }), {
        minLength: 1,
        maxLength: 4,
      }),
      shift: fc.integer({ min: -2, max: 2 }),
    })
    fc.assert(
      fc.property(mutation, ({ vector, edits, shift }) => {
        const { message, version, hex } = goldenVectors[vector]!
        const golden = Buffer.from(hex, 'hex')
        const bytes = shift < 0 ? golden.subarray(-shift) : Buffer.concat([Buffer.alloc(shift), golden])
        for (const { at, byte } of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte
        decodeOrRefuse(allMessages.get(message)!, bytes, version)
      }),
      { numRuns: 20_000 },
    )
  })

  it('random bytes decode or are refused, by every message in every version', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
    for (const message of allMessages.values()) {
      for (const version of versionsOf(message)) {
        fc.assert(
          fc.property(bytes, input => decodeOrRefuse(message, input, version)),
          { numRuns: 20 },
        )
      }
    }
  })

  it('an array longer than the bytes left is refused before anything is allocated', () => {
    const announced = Buffer.alloc(16)
    announced.writeInt32BE(0x7fffffff)
    assert.throws(() => new Reader(announced).arrayLength(1), /2147483647 elements/)
    assert.throws(() => new Reader(Buffer.from('ffffffff0f00', 'hex')).compactArrayLength(1), /4294967294 elements/)
    assert.throws(() => new Reader(announced).bytes(), /2147483647 bytes wanted/)
    announced.writeInt32BE(4)
    assert.equal(new Reader(announced).arrayLength(3), 4)
    assert.throws(() => new Reader(announced).arrayLength(4), MalformedMessageError)
  })

  it('a message has a bound on its elements, over all of its arrays and tagged fields', () => {
    const names = (count: number) => {
      const bytes = Buffer.alloc(4 + 2 * count)
      bytes.writeInt32BE(count)
      return bytes
    }
    assert.equal(metadata.request.decode(names(maxElements), 1).topics?.length, maxElements)
    assert.throws(() => metadata.request.decode(names(maxElements + 1), 1), /more than 1000000 elements/)
    const reader = new Reader(Buffer.alloc(2 * maxElements))
    reader.buffer.writeInt32BE(maxElements - 1)
    reader.buffer.writeInt32BE(2, 4)
    assert.equal(reader.arrayLength(1), maxElements - 1)
    assert.throws(() => reader.arrayLength(1), MalformedMessageError)
  })

  it('tagged fields are bounded, ascending, unique and exactly as long as they say', () => {
    const skip = (hex: string) => new Reader(Buffer.from(hex, 'hex')).skipTaggedFields()
    skip('00')
    skip('02 00 01 aa 07 02 bbbb'.replaceAll(' ', ''))
    assert.throws(() => skip('ffffffff0f'), MalformedMessageError, 'more fields than bytes')
    assert.throws(() => skip('020000'), MalformedMessageError, 'two fields in two bytes')
    assert.throws(() => skip('0207000700'), /tag 7 after tag 7/)
    assert.throws(() => skip('0207000600'), /tag 6 after tag 7/)
    assert.throws(() => skip('01000301'), MalformedMessageError, 'longer than what is left')

    const value = {
      maxWaitMs: 0,
      minBytes: 0,
      isolationLevel: 0,
      topics: [],
      forgottenTopicsData: [],
      clusterId: 'abc',
    }
    const bytes = fetch.request.encode(value, 18)
    const size = bytes.indexOf('04616263', 'hex') - 1
    assert.equal(bytes[size], 4)
    bytes[size] = 3
    assert.throws(() => fetch.request.decode(bytes, 18), /a tagged field ends at/)
  })

  it('no element of an array takes more than 64 times the memory of its bytes', () => {
    for (const message of allMessages.values()) {
      for (const version of versionsOf(message)) {
        for (const { path, element, minimumBytes } of arraysOf(message, version)) {
          const factor = (8 + retainedBytes(defaultValue(element))) / minimumBytes
          assert.ok(factor <= 64, `${message.name} v${version} ${path}: ${factor}`)
        }
      }
    }
  })
})

interface ArrayField {
  path: string
  element: Field
  minimumBytes: number
}

function arraysOf(message: AnyMessage, version: number): ArrayField[] {
  const context = { version, flexible: message.isFlexible(version) }
  const within = (fields: Fields, path: string): ArrayField[] =>
    fieldLayouts(fields, context)
      .filter(({ present }) => present)
      .flatMap(layout => {
        const { name, field } = layout
        const inner = field.element ?? field
        const nested = inner.fields ? within(inner.fields, `${path}.${name}`) : []
        if (field.type !== 'array') return nested
        const minimumBytes = minimumSize(elementLayout(layout, context), context)
        return [{ path: `${path}.${name}`, element: inner, minimumBytes }, ...nested]
      })
  return within(message.fields, '')
}
