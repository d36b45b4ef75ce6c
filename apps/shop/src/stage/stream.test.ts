import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPosition, writePosition } from './stream.ts'

test('a position in the stream survives its way to the browser and back', () => {
  const offsets = fc
    .array(fc.tuple(fc.nat(63), fc.nat()), { maxLength: 8 })
    .map(pairs => new Map<number, number>(pairs))
  fc.assert(
    fc.property(fc.nat(), offsets, (second, at) => {
      assert.deepEqual(readPosition(writePosition({ second, offsets: at })), { second, offsets: at })
    }),
  )
})

test('text that is no position is the beginning', () => {
  for (const text of ['', 'x', '1', '/', '1/a', '1/2:3;4', '-1/'])
    assert.deepEqual(readPosition(text), { second: 0, offsets: new Map() }, text)
})
