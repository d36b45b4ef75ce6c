import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatch, recordBatches } from '@ottla/protocol'
import fc from 'fast-check'
import { CachedTail, TailCache } from './tail-cache.ts'
import { batchOf } from './testing/batches.ts'

function setUp({ budgetBytes = 10_000_000, tails = 1 } = {}) {
  const cache = new TailCache({ budgetBytes })
  const written = { endOffset: Number.POSITIVE_INFINITY }
  return {
    cache,
    written,
    tails: Array.from({ length: tails }, () => new CachedTail({ cache, writtenEndOffset: () => written.endOffset })),
  }
}

function append(tail: CachedTail, baseOffset: number, values: string[], frame?: Buffer): Buffer {
  const bytes = frame ?? batchOf({ values })
  new RecordBatch(bytes, 0).setBaseOffset(baseOffset)
  return tail.append({ bytes, baseOffset, endOffset: baseOffset + values.length })
}

const offsets = (buffers: Buffer[] | null) =>
  buffers?.flatMap(buffer => [...recordBatches(buffer)].map(batch => batch.baseOffset)) ?? null

const everything = { endOffset: Number.MAX_SAFE_INTEGER, maxBytes: 100_000_000, minOneBatch: true }

test('reads like an array of batches, whatever was appended, taken back and dropped', () => {
  const sizes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 4 }), size: fc.nat(9000) }), { minLength: 1 })
  const query = fc.record({ from: fc.nat(), end: fc.nat(), maxBytes: fc.nat(40_000), minOneBatch: fc.boolean() })
  fc.assert(
    fc.property(sizes, query, fc.nat(), (sizes, query, cut) => {
      const { tails } = setUp()
      const tail = tails[0]!
      let model: { baseOffset: number; endOffset: number; sizeInBytes: number }[] = []
      let endOffset = 0
      const add = (count: number, size: number) => {
        const values = Array.from({ length: count }, () => 'x'.repeat(size / count))
        const { length: sizeInBytes } = append(tail, endOffset, values)
        model.push({ baseOffset: endOffset, endOffset: endOffset + count, sizeInBytes })
        endOffset += count
      }
      for (const { count, size } of sizes) add(count, size)
      const kept = cut % (model.length + 1)
      endOffset = model[kept]?.baseOffset ?? endOffset
      model = model.slice(0, kept)
      tail.truncate(endOffset)
      add(2, 100)
      add(1, 5000)

      const { maxBytes, minOneBatch } = query
      const fromOffset = query.from % endOffset
      const limit = fromOffset + 1 + (query.end % (endOffset - fromOffset))
      const expected: number[] = []
      let total = 0
      for (const batch of model.filter(batch => batch.endOffset > fromOffset && batch.baseOffset < limit)) {
        total += batch.sizeInBytes
        if (total > maxBytes && !(minOneBatch && expected.length === 0)) break
        expected.push(batch.baseOffset)
      }
      assert.deepEqual(offsets(tail.read({ fromOffset, endOffset: limit, maxBytes, minOneBatch })), expected)
      assert.equal(tail.read({ ...everything, fromOffset: endOffset }), null)
    }),
  )
})

test('stays within its budget and drops the oldest bytes of whichever log', () => {
  const { cache, tails } = setUp({ budgetBytes: 100_000, tails: 2 })
  for (let i = 0; i < 40; i++) append(tails[i % 2]!, i >> 1, ['x'.repeat(8000)])
  assert.ok(cache.heldBytes <= 100_000 && cache.heldBytes > 80_000, `${cache.heldBytes}`)
  for (const tail of tails) {
    assert.equal(tail.read({ ...everything, fromOffset: 0 }), null)
    assert.deepEqual(offsets(tail.read({ ...everything, fromOffset: 19 })), [19])
  }
  for (const tail of tails) tail.clear()
  assert.equal(cache.heldBytes, 0)
})

test('never drops what is not written', () => {
  const { cache, written, tails } = setUp({ budgetBytes: 20_000 })
  written.endOffset = 2
  for (let i = 0; i < 10; i++) append(tails[0]!, i, ['x'.repeat(8000)])
  assert.equal(tails[0]!.read({ ...everything, fromOffset: 1 }), null)
  assert.equal(offsets(tails[0]!.read({ ...everything, fromOffset: 2 }))?.length, 8)
  written.endOffset = 10
  append(tails[0]!, 10, ['x'.repeat(8000)])
  assert.ok(cache.heldBytes <= 20_000)
})

test('does not hold on to a large buffer for a small batch', () => {
  const { cache, tails } = setUp()
  const bytes = batchOf({ values: ['x'.repeat(5000)] })
  const frame = Buffer.allocUnsafeSlow(1_000_000)
  bytes.copy(frame, 500)
  const slice = frame.subarray(500, 500 + bytes.length)
  assert.notEqual(append(tails[0]!, 0, ['x'], slice).buffer, frame.buffer)
  assert.ok(cache.heldBytes < 50_000)
  const fitting = Buffer.allocUnsafeSlow(bytes.length + 100)
  bytes.copy(fitting)
  const kept = append(tails[0]!, 1, ['x'], fitting.subarray(0, bytes.length))
  assert.equal(kept.buffer, fitting.buffer)
})

test('what was read stays as it was when its place is taken back and filled again', () => {
  const { tails } = setUp()
  append(tails[0]!, 0, ['a'])
  append(tails[0]!, 1, ['b'])
  const [before] = tails[0]!.read({ ...everything, fromOffset: 0 })!
  const copy = Buffer.from(before!)
  tails[0]!.truncate(1)
  append(tails[0]!, 1, ['other'])
  assert.deepEqual(before, copy)
})
