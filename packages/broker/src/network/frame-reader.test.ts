import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BadFrameError, FrameReader } from './frame-reader.ts'

function framed(body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length)
  return Buffer.concat([head, body])
}

function readerOf(maxFrameBytes = 1_000_000) {
  const frames: Buffer[] = []
  return { frames, reader: new FrameReader({ maxFrameBytes, onFrame: frame => frames.push(frame) }) }
}

test('gives the same frames however the stream is cut, and keeps nothing of what it was given', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 20 }),
      (bodies, cuts) => {
        const expected = bodies.map(body => Buffer.from(body))
        const stream = Buffer.concat(expected.map(framed))
        const { frames, reader } = readerOf()
        for (let position = 0, turn = 0; position < stream.length; turn++) {
          const end = Math.min(position + cuts[turn % cuts.length]!, stream.length)
          const chunk = Buffer.from(stream.subarray(position, end))
          reader.push(chunk)
          chunk.fill(0xff) // what a shared read buffer does
          position = end
        }
        assert.deepEqual(frames, expected)
        assert.equal(reader.isWithinFrame, false)
      },
    ),
  )
})

test('takes memory as bytes come, not as a size field promises', () => {
  const { reader } = readerOf(2 ** 31 - 1)
  const before = process.memoryUsage().arrayBuffers
  const head = Buffer.alloc(10)
  head.writeInt32BE(2 ** 31 - 1)
  reader.push(head)
  for (let sent = 0; sent < 100; sent++) reader.push(Buffer.alloc(1_000))
  const taken = process.memoryUsage().arrayBuffers - before
  // 100 kB were sent: the gathering buffer and what it grew out of, far from the 2 GB that were announced.
  assert.ok(taken < 2_000_000, `${taken} bytes taken`)
})

test('gives a large frame memory of its own, which keeps nothing else alive', () => {
  const { frames, reader } = readerOf()
  reader.push(Buffer.concat([framed(Buffer.alloc(16_384, 1)), framed(Buffer.alloc(16_384, 2))]))
  for (const frame of frames) assert.ok(frame.buffer.byteLength < 17_000)
})

test('refuses negative and oversized frames', () => {
  const negative = Buffer.alloc(4, 0xff)
  assert.throws(() => readerOf().reader.push(negative), new BadFrameError('a request announces the negative size -1'))
  const large = Buffer.alloc(4)
  large.writeInt32BE(1_000_001)
  assert.throws(
    () => readerOf().reader.push(large),
    new BadFrameError('a request announces 1000001 bytes, socket.request.max.bytes allows 1000000'),
  )
})

test('knows HTTP, TLS and SSH clients by their first bytes, in one piece or several', () => {
  const strangers: [Buffer, string][] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP'],
    [Buffer.from('POST /topics HTTP/1.1\r\n'), 'HTTP'],
    [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 'TLS'],
    [Buffer.from('SSH-2.0-OpenSSH\r\n'), 'SSH'],
  ]
  for (const [bytes, name] of strangers) {
    assert.throws(() => readerOf().reader.push(bytes), new RegExp(`the client speaks ${name}`))
    const { reader } = readerOf()
    assert.throws(
      () => {
        for (const byte of bytes) reader.push(Buffer.from([byte]))
      },
      new RegExp(`the client speaks ${name}`),
    )
  }
})

test('does not take a bad size later in the stream for another protocol', () => {
  const { reader, frames } = readerOf()
  assert.throws(
    () => reader.push(Buffer.concat([framed(Buffer.from('fine')), Buffer.from('GET ')])),
    /announces 1195725856 bytes/,
  )
  assert.deepEqual(frames, [Buffer.from('fine')])
})
