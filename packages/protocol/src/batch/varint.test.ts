import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { VarintReader, varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

suite('varints', () => {
  test('round-trip every 32-bit integer and every safe integer', () => {
    const buffer = Buffer.alloc(20)
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), (int, long) => {
        const end = writeVarlong(buffer, writeVarint(buffer, 0, int), long)
        assert.equal(varintSize(int) + varlongSize(long), end)
        const reader = new VarintReader(buffer, 0, end)
        assert.deepEqual([reader.readVarint(), reader.readVarlong(), reader.bytesLeft], [int, long, 0])
      }),
      {
        examples: [
          [-(2 ** 31), Number.MIN_SAFE_INTEGER],
          [2 ** 31 - 1, Number.MAX_SAFE_INTEGER],
          [0, 0],
        ],
      },
    )
  })

  test('read a 64-bit integer past 2^53 as the nearest number', () => {
    const buffer = Buffer.from('feffffffffffffffff01', 'hex')
    assert.equal(new VarintReader(buffer).readVarlong(), 2 ** 63)
  })

  test('refuse what ends early or does not end', () => {
    assert.throws(() => new VarintReader(Buffer.from('ff', 'hex')).readVarint(), RangeError)
    assert.throws(() => new VarintReader(Buffer.alloc(20, 0xff)).readVarint(), RangeError)
    assert.throws(() => new VarintReader(Buffer.alloc(20, 0xff)).readVarlong(), RangeError)
  })
})
