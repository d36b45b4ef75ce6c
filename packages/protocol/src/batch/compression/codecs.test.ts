import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { lazily } from './codec.ts'
import { CodecUnavailableError, codecs, TooManyBytesError } from './index.ts'

const zeroes = Buffer.alloc(16 * 1024 * 1024)
const bytes = (constraints: { maxLength: number }) =>
  fc.uint8Array(constraints).map(array => Buffer.from(array.buffer, array.byteOffset, array.length))

for (const [name, codec] of Object.entries(codecs)) {
  suite(name, () => {
    test('round-trips all sizes around its blocks', () => {
      for (const size of [0, 1, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 64 * 1024, 300_000]) {
        const data = Buffer.from(Array.from({ length: size }, (_, index) => (index * index) % 251))
        const packed = codec.compress(data)
        assert.ok(codec.decompress(packed, size).equals(data), `${size} bytes`)
        if (size > 1) assert.throws(() => codec.decompress(packed, size - 1), `${size} bytes into one less`)
      }
    })

    test('refuses a bomb without unpacking it, and unpacks what just fits', () => {
      const bomb = codec.compress(zeroes)
      assert.ok(bomb.length < zeroes.length / 15)
      const before = process.memoryUsage()
      for (let round = 0; round < 20; round++) {
        assert.throws(() => codec.decompress(bomb, 64 * 1024), TooManyBytesError)
      }
      // Twenty times 16 MiB would show, even if the collector has run in between.
      const after = process.memoryUsage()
      assert.ok(after.rss - before.rss < 2 * zeroes.length, `${after.rss - before.rss} bytes more`)
      assert.ok(codec.decompress(bomb, zeroes.length).equals(zeroes))
    })

    test('answers arbitrary bytes with an error or a bounded result', () => {
      fc.assert(fc.property(bytes({ maxLength: 200 }), data => isBounded(() => codec.decompress(data, 1000), 1000)))
    })

    test('answers mutated data with an error or a bounded result', () => {
      const data = Buffer.from('two mugs for order-7, '.repeat(200))
      const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
      fc.assert(
        fc.property(mutations, changes => {
          const packed = codec.compress(data)
          for (const [at, byte] of changes) packed[at % packed.length] = byte
          isBounded(() => codec.decompress(packed, 2 * data.length), 2 * data.length)
        }),
        { numRuns: 1000 },
      )
    })

    test('refuses data that is cut off, at any byte', () => {
      const data = Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * index) % 251))
      const packed = codec.compress(data)
      for (let end = 1; end < packed.length; end++) {
        let result: Buffer
        try {
          result = codec.decompress(packed.subarray(0, end), data.length)
        } catch {
          continue
        }
        assert.ok(result.length < data.length, `cut at ${end} of ${packed.length}`)
      }
    })
  })
}

function isBounded(decompress: () => Buffer, maxBytes: number): void {
  let result: Buffer
  try {
    result = decompress()
  } catch (error) {
    assert.ok(error instanceof Error)
    return
  }
  assert.ok(result.length <= maxBytes, `${result.length} bytes`)
}

suite('what other implementations write', () => {
  test('snappy reads a raw block', () => {
    const text = Buffer.from('two mugs, two mugs, two mugs')
    assert.ok(codecs.snappy.decompress(compressSync(text), 100).equals(text))
  })

  test('snappy refuses a size that its bytes cannot hold before anything is allocated', () => {
    const lie = Buffer.from(`ffffffff07${'00'.repeat(10)}`, 'hex')
    assert.throws(() => codecs.snappy.decompress(lie, 2 ** 31), /can't unpack to 2147483647/)
  })

  test('lz4 reads frames of the reference implementation with every flag', () => {
    const text = Buffer.from('two mugs for order-7, '.repeat(3200))
    const frames = readFileSync(new URL('../../../fixtures/lz4-frames.jsonl', import.meta.url), 'utf8')
    for (const line of frames.trim().split('\n')) {
      const { options, hex } = JSON.parse(line) as { options: string; hex: string }
      const frame = Buffer.from(hex, 'hex')
      assert.ok(codecs.lz4.decompress(frame, text.length).equals(text), options)
      assert.throws(() => codecs.lz4.decompress(frame, text.length - 1), /more than/, options)
    }
  })

  test('lz4 frames have independent blocks, which Java insists on', () => {
    assert.equal(codecs.lz4.compress(zeroes)[4]! & 0x20, 0x20)
  })

  test('lz4 refuses a frame that needs a dictionary', () => {
    const frame = codecs.lz4.compress(Buffer.from('mug'))
    frame[4]! |= 0x01
    assert.throws(() => codecs.lz4.decompress(frame, 100), /dictionary/)
  })

  test('gzip and zstd read other levels', () => {
    const text = Buffer.from('three plates')
    assert.ok(codecs.gzip.decompress(gzipSync(text, { level: 9 }), 100).equals(text))
    assert.ok(codecs.zstd.decompress(zstdCompressSync(text), 100).equals(text))
  })
})

suite('native modules', () => {
  test('are loaded once, at first use', () => {
    let loads = 0
    const native = lazily(() => ({ load: ++loads }))
    assert.equal(loads, 0)
    assert.equal(native(), native())
    assert.equal(loads, 1)
  })

  test('that cannot be loaded are not taken for bad data', () => {
    const native = lazily(() => {
      throw new Error('no binary for this platform')
    })
    assert.throws(native, CodecUnavailableError)
  })
})
