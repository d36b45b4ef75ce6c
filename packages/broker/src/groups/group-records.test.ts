import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from '@ottla/protocol'
import fc from 'fast-check'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from './group-records.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Keys and values of `__consumer_offsets` as Apache Kafka 4.4 wrote them for one consumer's life. */
const written = {
  'a group with one member': [
    '000200026731',
    '00030008636f6e73756d6572000000010012526f756e64526f62696e41737369676e657200276b312d37643039626432352d356364382d346136352d623863642d62306533' +
      '3734306535376365000001a20fbbcb030000000100276b312d37643039626432352d356364382d346136352d623863642d623065333734306535376365ffff00026b31000a' +
      '2f3132372e302e302e310000ea60000075300000000e00000000000100027431000000000000001e00000000000100027431000000030000000000000001000000020000' +
      '0000',
  ],
  'a committed offset': [
    '0001000267310002743100000001',
    '00040000000000000001ffffffff01000001a20fbbcb50010010465ec703b6ff4dd0b2d1cac2c2fe5234',
  ],
  'a group that became empty': ['000200026731', '00030008636f6e73756d657200000002ffffffff000001a20fbbcb7f00000000'],
} as const

describe('records that Apache Kafka wrote', () => {
  for (const [name, [key, value]] of Object.entries(written)) {
    test(`${name} is read, and written the same, byte for byte`, () => {
      const record = decodeGroupRecord({ key: hex(key), value: hex(value) })
      assert.ok(record !== null && record.kind !== 'consumer' && record.value)
      assert.deepEqual(encodeGroupRecord(record), { key: hex(key), value: hex(value) })
    })
  }

  test('say what they mean', () => {
    const [key, value] = written['a committed offset']
    assert.deepEqual(decodeGroupRecord({ key: hex(key), value: hex(value) }), {
      kind: 'offset',
      groupId: 'g1',
      topic: 't1',
      partition: 1,
      value: {
        offset: 1n,
        leaderEpoch: -1,
        metadata: '',
        commitTimestampMs: 0x01a20fbbcb50,
        expireTimestampMs: null,
        topicId: 'Rl7HA7b_TdCy0crCwv5SNA',
      },
    })
  })
})

const plain = { noNullPrototype: true }

const committedOffset = fc.record(
  {
    offset: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    leaderEpoch: fc.integer(),
    metadata: fc.string(),
    commitTimestampMs: fc.nat(2 ** 50),
    expireTimestampMs: fc.constant(null),
    topicId: fc.constantFrom(null, 'Rl7HA7b_TdCy0crCwv5SNA'),
  },
  plain,
)

const offset = fc.record(
  {
    kind: fc.constant('offset' as const),
    groupId: fc.string(),
    topic: fc.string(),
    partition: fc.nat(),
    value: fc.option(committedOffset),
  },
  plain,
)

test('any offset comes back as it was, deletions too', () => {
  fc.assert(
    fc.property(offset, (record: GroupRecord) => {
      assert.deepEqual(decodeGroupRecord(encodeGroupRecord(record)), record)
    }),
  )
})

test('a retention of its own takes the version of the record that has room for it, as in Kafka', () => {
  const value = {
    offset: 7n,
    leaderEpoch: 3,
    metadata: 'm',
    commitTimestampMs: 10,
    expireTimestampMs: 20,
    topicId: null,
  }
  const encoded = encodeGroupRecord({ kind: 'offset', groupId: 'g', topic: 't', partition: 0, value })
  assert.equal(encoded.value!.readInt16BE(0), 1)
  const decoded = decodeGroupRecord(encoded)
  assert.ok(decoded?.kind === 'offset')
  assert.deepEqual(decoded.value, { ...value, leaderEpoch: -1 })
})

test('what is no such record is refused by one error, and other kinds of groups are not ours', () => {
  const [key, value] = written['a group with one member'].map(hex)
  assert.throws(() => decodeGroupRecord({ key: null, value: value! }), MalformedMessageError)
  for (let length = 0; length < value!.length; length++) {
    assert.throws(() => decodeGroupRecord({ key: key!, value: value!.subarray(0, length) }), MalformedMessageError)
  }
  // A share group.
  assert.equal(decodeGroupRecord({ key: hex('000b000167'), value: hex('0000') }), null)
})
