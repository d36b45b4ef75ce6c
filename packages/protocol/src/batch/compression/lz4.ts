/**
 * LZ4 in its frame format. The library checks everything but has no limit of its own, so the frame is measured first: adding up what its
 * tokens say costs next to nothing and is exact. What is written has independent blocks, without which Java refuses a frame.
 *
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md.
 */

import { createRequire } from 'node:module'
import { type Codec, lazily, TooManyBytesError } from './codec.ts'

const frameMagic = 0x184d2204
const dictionaryIdFlag = 0x01
const contentSizeFlag = 0x08
const blockChecksumFlag = 0x10
const storedBlockBit = 0x80000000

const require = createRequire(import.meta.url)
const native = lazily(() => require('lz4-napi') as typeof import('lz4-napi'))

export const lz4: Codec = {
  compress: data => native().compressFrameSync(data),

  decompress(data, maxDecompressedBytes) {
    if (unpackedFrameBytes(data) > maxDecompressedBytes) throw new TooManyBytesError(maxDecompressedBytes)
    return native().decompressFrameSync(data)
  },
}

function unpackedFrameBytes(data: Buffer): number {
  if (data.length < 7 || data.readUInt32LE(0) !== frameMagic) throw new Error('it is no LZ4 frame')
  const flags = data[4]!
  if ((flags & dictionaryIdFlag) !== 0) throw new Error('it needs a dictionary')
  const checksumBytes = (flags & blockChecksumFlag) === 0 ? 0 : 4
  let position = (flags & contentSizeFlag) === 0 ? 7 : 15
  let size = 0
  while (position + 4 <= data.length) {
    const word = data.readUInt32LE(position)
    if (word === 0) return size
    const isStored = word >= storedBlockBit
    const start = position + 4
    const end = start + (isStored ? word - storedBlockBit : word)
    if (end > data.length) break
    size += isStored ? end - start : unpackedBlockBytes(data, start, end)
    position = end + checksumBytes
  }
  throw new Error('it ends early')
}

/** A block is a row of sequences: a token with two lengths, literals, then an offset to copy from; the last one has literals only. */
function unpackedBlockBytes(data: Buffer, start: number, end: number): number {
  let position = start
  let size = 0
  /** A length of 15 goes on in the bytes that follow, up to the first that is not 255. */
  const lengthFrom = (nibble: number): number => {
    let length = nibble
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) byte = data[position++] ?? 0
    return length
  }
  while (position < end) {
    const token = data[position++]!
    const literalBytes = lengthFrom(token >>> 4)
    position += literalBytes
    size += literalBytes
    if (position >= end) break
    position += 2
    size += lengthFrom(token & 0x0f) + 4
  }
  if (position !== end) throw new Error('a block ends early')
  return size
}
