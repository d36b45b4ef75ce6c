import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TimeIndex } from './time-index.ts'

const options = { baseOffset: 50, maxSizeInBytes: 1_000_000 }

test('finds the last entry that is older, like a search through all of them', () => {
  const steps = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 9 })), { maxLength: 40 })
  fc.assert(
    fc.property(steps, fc.nat(1100), (steps, timestamp) => {
      const index = new TimeIndex(options)
      const entries: { timestamp: number; offset: number }[] = []
      let offset = 50
      for (const [timestamp, offsets] of steps) {
        offset += offsets
        if (timestamp > (entries.at(-1)?.timestamp ?? -1)) entries.push({ timestamp, offset })
        index.maybeAppend({ timestamp, offset })
      }
      assert.equal(index.entryCount, entries.length)
      assert.deepEqual(index.last, entries.at(-1) ?? null)
      assert.deepEqual(index.lookup(timestamp), entries.findLast(entry => entry.timestamp < timestamp) ?? null)
      index.truncate(offset)
      assert.deepEqual(index.last, entries.findLast(entry => entry.offset < offset) ?? null)
    }),
  )
})

test('holds timestamps beyond 32 bits', () => {
  const index = new TimeIndex(options)
  index.maybeAppend({ timestamp: 1_795_560_525_705, offset: 60 })
  index.maybeAppend({ timestamp: Number.MAX_SAFE_INTEGER, offset: 70 })
  const parsed = TimeIndex.parse(index.bytes(), options)
  assert.deepEqual(parsed?.lookup(1_795_560_525_706), { timestamp: 1_795_560_525_705, offset: 60 })
  assert.deepEqual(parsed?.last, { timestamp: Number.MAX_SAFE_INTEGER, offset: 70 })
})

test('keeps one place for the entry that closes the segment', () => {
  const index = new TimeIndex({ baseOffset: 0, maxSizeInBytes: 36 })
  for (let i = 1; i <= 2; i++) {
    assert.equal(index.isFull, false)
    index.maybeAppend({ timestamp: i, offset: i })
  }
  assert.equal(index.isFull, true)
  for (let i = 3; i <= 5; i++) index.maybeAppend({ timestamp: i, offset: i })
  assert.equal(index.entryCount, 2)
  index.appendLast({ timestamp: 6, offset: 6 })
  assert.deepEqual(index.last, { timestamp: 6, offset: 6 })
})

test('has room for the entry that closes the segment, also with a limit smaller than what is there', () => {
  const index = new TimeIndex({ baseOffset: 0, maxSizeInBytes: 1200 })
  for (let i = 1; i <= 5; i++) index.maybeAppend({ timestamp: i, offset: i })
  const smaller = TimeIndex.parse(index.bytes(), { baseOffset: 0, maxSizeInBytes: 12 })
  smaller?.appendLast({ timestamp: 9, offset: 9 })
  assert.deepEqual(smaller?.last, { timestamp: 9, offset: 9 })
})

test('refuses what does not ascend', () => {
  const index = new TimeIndex(options)
  index.maybeAppend({ timestamp: 5, offset: 55 })
  index.maybeAppend({ timestamp: 9, offset: 59 })
  const swapped = Buffer.concat([index.bytes().subarray(12), index.bytes().subarray(0, 12)])
  assert.equal(TimeIndex.parse(swapped, options), null)
  assert.equal(TimeIndex.parse(index.bytes().subarray(1), options), null)
  assert.equal(TimeIndex.parse(Buffer.concat([index.bytes(), Buffer.alloc(24)]), options)?.entryCount, 2)
})
