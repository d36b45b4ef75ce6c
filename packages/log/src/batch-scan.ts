/**
 * Record batches in raw bytes, for the places that look at thousands of them and need three numbers of each.
 * Layout: docs/formats/record-batch.md. Never trusts a length further than the bytes at hand.
 */

import { RecordBatch } from '@ottla/protocol'

/** Base offset and batch length: what must be read to know where the next batch begins. */
export const batchPrefixSizeInBytes = 12
export const batchHeaderSizeInBytes = 61
export const magicPosition = 16
const lastOffsetDeltaPosition = 23

export function recordBatchBaseOffset(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4)
}

export function recordBatchSizeInBytes(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + 8) + batchPrefixSizeInBytes
}

/** Exclusive. */
export function recordBatchEndOffset(buffer: Buffer, at: number): number {
  return recordBatchBaseOffset(buffer, at) + buffer.readInt32BE(at + lastOffsetDeltaPosition) + 1
}

/** Whether a header stands here that could be a batch's at that place of a log: magic 2, a sane length, an offset that has not been. */
export function isPlausibleHeader(buffer: Buffer, at: number, { minBaseOffset }: { minBaseOffset: number }): boolean {
  if (at + batchHeaderSizeInBytes > buffer.length) return false
  const baseOffset = recordBatchBaseOffset(buffer, at)
  return (
    buffer[at + magicPosition] === 2 &&
    recordBatchSizeInBytes(buffer, at) >= batchHeaderSizeInBytes &&
    buffer.readInt32BE(at + lastOffsetDeltaPosition) >= 0 &&
    baseOffset >= minBaseOffset &&
    baseOffset <= Number.MAX_SAFE_INTEGER
  )
}

/** A whole batch that passes its CRC stands here. */
export function isValidBatch(buffer: Buffer, at: number, expectation: { minBaseOffset: number }): boolean {
  if (!isPlausibleHeader(buffer, at, expectation)) return false
  return at + recordBatchSizeInBytes(buffer, at) <= buffer.length && new RecordBatch(buffer, at).isCrcValid()
}

/** The position of the first valid batch at or after `from`, wherever it begins; -1 where there is none. */
export function findValidBatch(buffer: Buffer, from: number, expectation: { minBaseOffset: number }): number {
  for (let magicAt = buffer.indexOf(2, from + magicPosition); magicAt >= 0; magicAt = buffer.indexOf(2, magicAt + 1)) {
    if (isValidBatch(buffer, magicAt - magicPosition, expectation)) return magicAt - magicPosition
  }
  return -1
}
