import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeMetrics } from '../testing/otlp.ts'
import { decodeMetrics, MalformedMetricsError } from './otlp-metrics.ts'

test('reads gauges and sums, whole numbers and others, with what tells them apart', () => {
  const encoded = encodeMetrics([
    { name: 'a.count', kind: 'sum', value: 12, attributes: { topic: 'orders', partition: '3' } },
    { name: 'a.ratio', value: 0.25, isDouble: true },
    { name: 'a.low', value: -7 },
  ])
  assert.deepEqual(decodeMetrics(encoded, { maxPoints: 10 }), [
    { name: 'a.count', kind: 'sum', value: 12, attributes: { topic: 'orders', partition: '3' } },
    { name: 'a.ratio', kind: 'gauge', value: 0.25, attributes: {} },
    { name: 'a.low', kind: 'gauge', value: -7, attributes: {} },
  ])
})

test('reads no more points than it may', () => {
  const encoded = encodeMetrics(Array.from({ length: 20 }, (_, value) => ({ name: 'm', value })))
  assert.equal(decodeMetrics(encoded, { maxPoints: 7 }).length, 7)
})

test('whatever the bytes, they are metrics or malformed', () => {
  const encoded = encodeMetrics([{ name: 'm', value: 1, attributes: { a: 'b' } }])
  const damaged = fc
    .tuple(fc.nat(encoded.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(encoded.length))
    .map(([position, byte, length]) => {
      const bytes = Buffer.from(encoded)
      bytes[position] = byte
      return bytes.subarray(0, length)
    })
  const anyBytes = fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.oneof(damaged, anyBytes), bytes => {
      try {
        decodeMetrics(bytes, { maxPoints: 100 })
      } catch (error) {
        assert.ok(error instanceof MalformedMetricsError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
