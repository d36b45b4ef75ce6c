/**
 * Snappy as Java's client frames it (snappy-java's stream: a 16-byte header, then blocks with a 4-byte length each), and one raw block
 * as librdkafka and franz-go send it. The header tells them apart; Kafka reads both.
 */

import { createRequire } from 'node:module'
import { type Codec, lazily, TooManyBytesError } from './codec.ts'

/** Magic, then the version and the lowest version that can read it, both 1. */
const header = Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1')
const magicBytes = 8
/** What snappy-java cuts its input into. */
const blockBytes = 32 * 1024
/** No element says more than a copy of 64 bytes in three: more than that is a lie, told to have memory allocated. */
const maxRatio = 64 / 3

const require = createRequire(import.meta.url)
const native = lazily(() => require('snappy') as typeof import('snappy'))

export const snappy: Codec = {
  compress(data) {
    const parts: Buffer[] = [header]
    for (let start = 0; start < data.length; start += blockBytes) {
      const block = native().compressSync(data.subarray(start, start + blockBytes))
      const length = Buffer.allocUnsafe(4)
      length.writeInt32BE(block.length)
      parts.push(length, block)
    }
    return Buffer.concat(parts)
  },

  decompress(data, maxDecompressedBytes) {
    const blocks = splitBlocks(data)
    const size = blocks.reduce((sum, block) => sum + announcedSize(block), 0)
    if (size > maxDecompressedBytes) throw new TooManyBytesError(maxDecompressedBytes)
    const parts = blocks.map(block => native().uncompressSync(block, { asBuffer: true }) as Buffer)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  },
}

function splitBlocks(data: Buffer): Buffer[] {
  const isFramed = data.length >= header.length && data.compare(header, 0, magicBytes, 0, magicBytes) === 0
  if (!isFramed) return [data]
  const blocks: Buffer[] = []
  let position = header.length
  while (position < data.length) {
    if (data.length - position < 4) throw new Error('a block has no length')
    const length = data.readInt32BE(position)
    position += 4
    if (length < 0 || length > data.length - position) throw new Error(`a block can't have ${length} bytes`)
    blocks.push(data.subarray(position, position + length))
    position += length
  }
  return blocks
}

/** A block begins with its unpacked size, a varint of up to five bytes. Throws where the block could not hold so much. */
function announcedSize(block: Buffer): number {
  let size = 0
  for (let index = 0; index < 5; index++) {
    const byte = block[index]
    if (byte === undefined) break
    size += (byte & 0x7f) * 2 ** (7 * index)
    if (byte >= 0x80) continue
    if (size > block.length * maxRatio) throw new Error(`${block.length} bytes can't unpack to ${size}`)
    return size
  }
  throw new Error('a block has no size')
}
