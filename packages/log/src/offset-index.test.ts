import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetIndex } from './offset-index.ts'

const options = { baseOffset: 1000, maxSizeInBytes: 80 }

test('finds the last entry at or below the offset, like a search through all of them', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 })), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(steps, fc.nat(2500), fc.nat(100_000), (steps, offsetBeyond, position) => {
      const index = new OffsetIndex({ baseOffset: 1000, maxSizeInBytes: 1_000_000 })
      const entries: { offset: number; position: number }[] = []
      let last = { offset: 1000, position: 0 }
      for (const [offsets, bytes] of steps) {
        last = { offset: last.offset + offsets, position: last.position + bytes }
        entries.push(last)
        index.append(last.offset, last.position)
      }
      const offset = 1000 + offsetBeyond
      assert.equal(index.lookup(offset), entries.findLast(entry => entry.offset <= offset)?.position ?? 0)
      assert.equal(index.lookupPosition(position), entries.findLast(entry => entry.position <= position)?.position ?? 0)
      const parsed = OffsetIndex.parse(index.bytes(), { ...options, logSizeInBytes: last.position + 1 })
      assert.deepEqual(parsed?.bytes(), index.bytes())
      index.truncate(position)
      assert.equal(index.entryCount, entries.filter(entry => entry.position < position).length)
    }),
  )
})

test('knows when it is full and which offsets it can hold', () => {
  const index = new OffsetIndex(options)
  for (let i = 1; i <= 10; i++) {
    assert.equal(index.isFull, false)
    index.append(1000 + i, i)
  }
  assert.equal(index.isFull, true)
  assert.equal(index.canHold(1000 + 2 ** 31 - 1), true)
  assert.equal(index.canHold(1000 + 2 ** 31), false)
  assert.equal(index.canHold(999), false)
})

test('refuses what is no index of that log', () => {
  const bytes = (...entries: [number, number][]) => {
    const content = Buffer.alloc(entries.length * 8)
    for (const [i, [offset, position]] of entries.entries()) {
      content.writeInt32BE(offset, i * 8)
      content.writeInt32BE(position, i * 8 + 4)
    }
    return content
  }
  const parse = (content: Buffer) => OffsetIndex.parse(content, { ...options, logSizeInBytes: 100 })
  assert.equal(parse(bytes([1, 10], [2, 20]))?.entryCount, 2)
  assert.equal(parse(bytes([1, 10], [2, 20], [0, 0], [0, 0]))?.entryCount, 2) // preallocated by Apache Kafka
  assert.equal(parse(bytes([1, 10], [1, 20])), null)
  assert.equal(parse(bytes([1, 20], [2, 20])), null)
  assert.equal(parse(bytes([1, 100])), null)
  assert.equal(parse(bytes([-1, 10])), null)
  assert.equal(parse(bytes([1, 10]).subarray(0, 7)), null)
})
