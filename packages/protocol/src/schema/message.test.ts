import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  array,
  bytes,
  int8,
  int16,
  int32,
  int64,
  nullable,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
} from './fields.ts'
import { MalformedMessageError } from './malformed-message-error.ts'
import { type DecodedMessage, type MessageInput, message } from './message.ts'
import { Reader } from './reader.ts'
import { zeroUuid } from './uuid.ts'
import { Writer } from './writer.ts'

const order = message(
  'Order',
  { versions: '1-4', flexible: '3+' },
  {
    id: int64(),
    customer: nullable(string(), { nullableSince: 2, default: null }),
    lines: array({ sku: string(), quantity: int32({ default: 1 }), note: string({ since: 2, default: 'none' }) }),
    coupon: string({ until: 2 }),
    address: nullable(struct({ street: string(), zip: int16({ default: -1 }) }), { since: 2, default: null }),
    weight: int32({ since: 3, tag: 1, default: -1 }),
    gift: struct({ text: string(), paper: int8({ default: 3 }) }, { since: 4, tag: 0 }),
  },
)

const minimal = { id: 7, lines: [{ sku: 'mug' }] }

describe('a message', () => {
  it('yields the same fields in every version, defaults where the version lacks them', () => {
    const decoded = order.decode(order.encode({ ...minimal, customer: 'ada' }, 1), 1)
    assert.deepEqual(decoded, {
      id: 7n,
      customer: 'ada',
      lines: [{ sku: 'mug', quantity: 1, note: 'none' }],
      coupon: '',
      address: null,
      weight: -1,
      gift: { text: '', paper: 3 },
    })
    for (const version of [2, 3, 4]) {
      assert.deepEqual(Object.keys(order.decode(order.encode(minimal, version), version)), Object.keys(decoded))
    }
  })

  it('leaves out fields that the version lacks, whatever they hold', () => {
    const full = { ...minimal, customer: 'ada', coupon: 'SPRING', address: { street: 'Mill Lane' } }
    assert.equal(order.decode(order.encode(full, 1), 1).address, null)
    assert.equal(order.decode(order.encode(full, 3), 3).coupon, '')
    assert.deepEqual(order.decode(order.encode(full, 3), 3).address, { street: 'Mill Lane', zip: -1 })
  })

  it('writes tagged fields only where they differ from their defaults, in ascending order', () => {
    const end = (value: object) =>
      order
        .encode({ ...minimal, ...value }, 4)
        .subarray(-16)
        .toString('hex')
    assert.match(end({}), /ff00$/)
    assert.match(end({ weight: -1, gift: { text: '' } }), /ff00$/)
    assert.match(end({ weight: 5 }), /ff01010400000005$/)
    assert.match(end({ weight: 5, gift: { text: 'x' } }), /ff02000402780300010400000005$/)
  })

  it('skips tagged fields that it does not know', () => {
    const known = order.encode(minimal, 3)
    const unknown = Buffer.concat([known.subarray(0, -1), Buffer.from('02 0902aabb 0a00'.replaceAll(' ', ''), 'hex')])
    assert.deepEqual(order.decode(unknown, 3), order.decode(known, 3))
  })

  it('refuses null where the version does not allow it', () => {
    assert.throws(() => order.encode({ ...minimal, customer: null }, 1), RangeError)
    const bytes = order.encode({ ...minimal, customer: 'ada' }, 1)
    bytes.writeInt16BE(-1, 8)
    assert.throws(() => order.decode(bytes, 1), /Order v1: null where a value must be/)
    assert.equal(order.decode(order.encode(minimal, 2), 2).customer, null)
  })

  it('does not look at bytes that follow it, and says where it ends', () => {
    const encoded = order.encode(minimal, 3)
    const reader = new Reader(Buffer.concat([encoded, Buffer.from('more')]))
    assert.equal(order.read(reader, 3).id, 7n)
    assert.equal(reader.position, encoded.length)
  })

  it('has no codec for a version outside its range', () => {
    for (const version of [0, 5, 1.5, Number.NaN]) {
      assert.throws(() => order.encode(minimal, version), /Order has versions 1 to 4/)
      assert.throws(() => order.decode(Buffer.alloc(0), version), /Order has versions 1 to 4/)
    }
  })

  it('names itself, version and position in what it throws', () => {
    assert.throws(() => order.decode(Buffer.alloc(5), 2), {
      name: 'MalformedMessageError',
      message: /^Order v2: 8 bytes wanted, 5 left/,
    })
    assert.throws(() => order.encode({ ...minimal, id: 0.5 }, 2), /cannot encode Order v2: not a valid int64: 0.5/)
  })
})

describe('the types', () => {
  it('ask for what has no default, and know what may be null', () => {
    const value: MessageInput<typeof order> = { id: 1n, lines: [] }
    const decoded: DecodedMessage<typeof order> = order.decode(order.encode(value, 4), 4)
    const street: string | undefined = decoded.address?.street
    assert.equal(street, undefined)
    // @ts-expect-error: an order without lines
    assert.throws(() => order.encode({ id: 1 }, 4), RangeError)
    // @ts-expect-error: a quantity is a number
    assert.throws(() => order.encode({ id: 1, lines: [{ sku: 'mug', quantity: 1n }] }, 4), RangeError)
    // @ts-expect-error: the address may be null
    assert.throws(() => decoded.address.street, TypeError)
  })
})

describe('encoding', () => {
  const numbers = message(
    'Numbers',
    { versions: '0' },
    {
      a: int8({ default: 0 }),
      b: int16({ default: 0 }),
      c: int32({ default: 0 }),
      d: int64({ default: 0n }),
      e: uint16({ default: 0 }),
      f: uint32({ default: 0 }),
      g: uuid({ default: zeroUuid }),
      h: string({ default: '' }),
    },
  )

  it('never truncates: what does not fit is refused', () => {
    const misfits: object[] = [
      { a: 128 },
      { a: -129 },
      { b: 0x8000 },
      { c: 0x80000000 },
      { c: 1.5 },
      { c: Number.NaN },
      { c: null },
      { c: '1' },
      { d: 2 ** 53 },
      { d: 2n ** 63n },
      { e: -1 },
      { e: 0x10000 },
      { f: -1 },
      { f: 2 ** 32 },
      { g: 'short' },
      { g: 'not*base64*not*base64*' },
      { h: 'ü'.repeat(16384) },
      { h: null },
    ]
    for (const value of misfits)
      assert.throws(() => numbers.encode(value, 0), RangeError, JSON.stringify(value, String))
  })

  it('takes int64 as number or bigint, to the same bytes', () => {
    for (const value of [
      0,
      1,
      -1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32 + 5,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]) {
      assert.deepEqual(numbers.encode({ d: value }, 0), numbers.encode({ d: BigInt(value) }, 0))
      assert.equal(numbers.decode(numbers.encode({ d: value }, 0), 0).d, BigInt(value))
    }
  })

  it('takes large byte fields by reference and joins several buffers into one field', () => {
    const fetched = message(
      'Fetched',
      { versions: '0', flexible: '0+' },
      { before: int32(), batches: records(), after: int32() },
    )
    const first = Buffer.alloc(4096, 1)
    const second = Buffer.alloc(10, 2)
    const writer = new Writer({ frame: true })
    fetched.write(writer, { before: 1, batches: [first, second], after: 2 }, 0)
    const chunks = writer.finish()
    assert.equal(chunks[1], first)
    const frame = Buffer.concat(chunks)
    assert.equal(frame.readInt32BE(0), frame.length - 4)
    const decoded = fetched.decode(frame.subarray(4), 0)
    assert.deepEqual(decoded.batches, Buffer.concat([first, second]))
    assert.equal(decoded.after, 2)
  })

  it('keeps everything in order when values outgrow the first chunk', () => {
    const many = message('Many', { versions: '0' }, { values: array(string()), data: bytes() })
    const values = Array.from({ length: 5000 }, (_, index) => `value ${index} ü`)
    const decoded = many.decode(many.encode({ values, data: Buffer.alloc(100, 9) }, 0), 0)
    assert.deepEqual(decoded, { values, data: Buffer.alloc(100, 9) })
  })
})

describe('decoding', () => {
  it('returns byte fields as views on the message', () => {
    const holder = message('Holder', { versions: '0' }, { data: bytes() })
    const encoded = Buffer.from('000000020102', 'hex')
    holder.decode(encoded, 0).data[0] = 0xff
    assert.equal(encoded[4], 0xff)
  })

  it('replaces what is not UTF-8, as Kafka does, and refuses strings beyond the limit', () => {
    const holder = message('Holder', { versions: '0-1', flexible: '1+' }, { text: string() })
    assert.equal(holder.decode(Buffer.from('0002c328', 'hex'), 0).text, '\ufffd(')
    const tooLong = Buffer.concat([Buffer.from('818002', 'hex'), Buffer.alloc(0x8000, 0x61)])
    assert.throws(() => holder.decode(tooLong, 1), /a string of 32768 bytes/)
    const longest = Buffer.concat([Buffer.from('808002', 'hex'), Buffer.alloc(0x7fff, 0x61), Buffer.from([0])])
    assert.equal(holder.decode(longest, 1).text.length, 0x7fff)
  })

  it('refuses varints of more than 32 bits', () => {
    const varuint = (hex: string) => new Reader(Buffer.from(hex, 'hex')).varuint()
    assert.equal(varuint('ffffffff0f'), 0xffffffff)
    assert.equal(varuint('8000'), 0)
    assert.throws(() => varuint('ffffffff1f'), MalformedMessageError)
    assert.throws(() => varuint('ffffffffff01'), MalformedMessageError)
  })

  it('reads a byte array however it lies in its memory', () => {
    const outer = Buffer.concat([Buffer.alloc(3), order.encode(minimal, 4), Buffer.alloc(2)])
    assert.equal(order.decode(outer.subarray(3), 4).id, 7n)
  })
})

describe('a schema', () => {
  it('may not repeat without bound what takes no bytes', () => {
    const empty = message('Empty', { versions: '0-1' }, { nothing: array({ later: int8({ since: 1 }) }) })
    assert.throws(() => empty.decode(Buffer.from('7fffffff', 'hex'), 0), /take no bytes/)
    assert.equal(empty.decode(Buffer.from('0000000101', 'hex'), 1).nothing.length, 1)
  })

  it('has names that are identifiers, because they become source text', () => {
    const hostile = message('Hostile', { versions: '0' }, { 'a: 1 }; process.exit(); ({ b': int8() })
    assert.throws(() => hostile.decode(Buffer.alloc(1), 0), /not a field name/)
  })
})
