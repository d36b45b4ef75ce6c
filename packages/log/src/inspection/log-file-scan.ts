/**
 * A log file of which nothing is taken for granted, from end to end: valid record batches, and between them stretches of bytes that are
 * none. For looking at damage and for repairing it; a broker that runs never goes on behind a bad batch.
 */

import { RecordBatch } from '@ottla/protocol'
import {
  batchHeaderSizeInBytes,
  findValidBatch,
  isPlausibleHeader,
  isValidBatch,
  magicPosition,
  recordBatchBaseOffset,
  recordBatchSizeInBytes,
} from '../batch-scan.ts'
import type { File } from '../file-system/file-system.ts'

const pieceSizeInBytes = 4 * 1024 * 1024
/** What claims to be larger is taken for damage: Kafka's clients and brokers are set to a few MiB. */
const maxBatchSizeInBytes = 256 * 1024 * 1024

const maxRelativeOffset = 2 ** 31 - 1

/** A batch is valid until the next stretch is asked for. `position` and `end` (exclusive) are those of the file. */
export type Stretch =
  | { kind: 'batch'; batch: RecordBatch; position: number; end: number }
  | { kind: 'invalid'; position: number; end: number; reason: string }

export interface LogFileScanOptions {
  /** Of the segment: its batches are no further from it than an index entry can say. */
  baseOffset: number
  /** No batch may begin at a smaller offset; default the base offset. */
  minBaseOffset?: number
  /** Where the file is to end for this purpose; default its end. */
  endPosition?: number
}

/** Every byte of the file is part of exactly one stretch. Rejects with a StorageError only where the file can't be read. */
export async function* scanLogFile(file: File, options: LogFileScanOptions): AsyncGenerator<Stretch> {
  const sizeInBytes = Math.min(await file.sizeInBytes(), options.endPosition ?? Number.POSITIVE_INFINITY)
  const { baseOffset } = options
  let { minBaseOffset = baseOffset } = options
  let position = 0
  let needed = 0
  while (position < sizeInBytes) {
    const bytes = await file.read(position, Math.min(Math.max(pieceSizeInBytes, needed), sizeInBytes - position))
    if (bytes.length === 0) return // it became shorter while it was read
    let at = 0
    while (isValidBatch(bytes, at, { minBaseOffset })) {
      const batch = new RecordBatch(bytes, at)
      const end = at + batch.sizeInBytes
      const place = { position: position + at, end: position + end }
      const reason = whyOutOfOrder(bytes, { batch, end, minBaseOffset, baseOffset })
      if (reason) yield { kind: 'invalid', ...place, reason }
      else yield { kind: 'batch', batch, ...place }
      if (!reason) minBaseOffset = batch.nextOffset
      at = end
    }
    position += at
    if (position >= sizeInBytes) return
    needed = isPlausibleHeader(bytes, at, { minBaseOffset })
      ? recordBatchSizeInBytes(bytes, at)
      : batchHeaderSizeInBytes
    const isBeyondPiece = at + needed > bytes.length && position + needed <= sizeInBytes
    if (isBeyondPiece && needed <= maxBatchSizeInBytes) continue // all of it with the next piece
    const reason = reasonOf(bytes.subarray(at), { minBaseOffset, bytesLeft: sizeInBytes - position })
    const next = await findNext(file, { from: position + 1, sizeInBytes, minBaseOffset })
    yield { kind: 'invalid', position, end: next, reason }
    position = next
    needed = 0
  }
}

/** The base offset has no checksum. One that leaves a gap, behind which the next batch goes back into it, is damaged. */
function whyOutOfOrder(
  bytes: Buffer,
  segment: { batch: RecordBatch; end: number; minBaseOffset: number; baseOffset: number },
): string | null {
  const { batch, end, minBaseOffset } = segment
  if (batch.lastOffset - segment.baseOffset > maxRelativeOffset) {
    return `a record batch of offset ${batch.baseOffset}, too far from the segment's ${segment.baseOffset}: its base offset is damaged`
  }
  if (batch.baseOffset === minBaseOffset || !isValidBatch(bytes, end, { minBaseOffset })) return null
  const next = recordBatchBaseOffset(bytes, end)
  if (next >= batch.nextOffset) return null
  return `a record batch of offset ${batch.baseOffset}, although the next one begins at ${next}: its base offset is damaged`
}

/** What is wrong with the first bytes, in words. */
function reasonOf(bytes: Buffer, { minBaseOffset, bytesLeft }: { minBaseOffset: number; bytesLeft: number }): string {
  if (bytes.every(byte => byte === 0)) return 'nothing but zeroes'
  if (bytesLeft < batchHeaderSizeInBytes) return `only ${bytesLeft} bytes, fewer than the header of a record batch`
  const magic = bytes[magicPosition]
  const baseOffset = recordBatchBaseOffset(bytes, 0)
  if (magic !== 2) return `no record batch: magic ${magic} where 2 has to be`
  if (!isPlausibleHeader(bytes, 0, { minBaseOffset: 0 })) return 'the header of a record batch is damaged'
  if (baseOffset < minBaseOffset) return `a record batch of offset ${baseOffset} where ${minBaseOffset} is the least`
  const sizeInBytes = recordBatchSizeInBytes(bytes, 0)
  if (sizeInBytes > bytesLeft) {
    return `a record batch of offset ${baseOffset} that is cut off: ${bytesLeft} of ${sizeInBytes} bytes`
  }
  return `the CRC of the record batch of offset ${baseOffset} does not fit`
}

/** Where the next valid batch begins; the end of the file where none does. */
async function findNext(
  file: File,
  { from, sizeInBytes, minBaseOffset }: { from: number; sizeInBytes: number; minBaseOffset: number },
): Promise<number> {
  let pieceSize = pieceSizeInBytes
  for (let position = from; position < sizeInBytes; ) {
    const bytes = await file.read(position, Math.min(pieceSize, sizeInBytes - position))
    const found = findValidBatch(bytes, 0, { minBaseOffset })
    if (found >= 0) return position + found
    const cut = position + bytes.length < sizeInBytes ? firstCutBatch(bytes, sizeInBytes - position, minBaseOffset) : -1
    if (cut === 0) {
      // Perhaps a batch that is larger than the piece.
      pieceSize = recordBatchSizeInBytes(bytes, 0)
      if (pieceSize > bytes.length) continue
    }
    pieceSize = pieceSizeInBytes
    position += cut > 0 ? cut : Math.max(bytes.length - batchHeaderSizeInBytes + 1, 1)
  }
  return sizeInBytes
}

/** Where what could be a batch begins that reaches beyond these bytes and not beyond the file; -1 where there is none. */
function firstCutBatch(bytes: Buffer, bytesLeft: number, minBaseOffset: number): number {
  for (let magicAt = bytes.indexOf(2, magicPosition); magicAt >= 0; magicAt = bytes.indexOf(2, magicAt + 1)) {
    const at = magicAt - magicPosition
    if (!isPlausibleHeader(bytes, at, { minBaseOffset })) continue
    const end = at + recordBatchSizeInBytes(bytes, at)
    if (end > bytes.length && end <= bytesLeft && end - at <= maxBatchSizeInBytes) return at
  }
  return -1
}
