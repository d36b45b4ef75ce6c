/**
 * Reading a log file from end to end in large pieces, batch by batch. For start-up and rebuilding only; consumers' reads are elsewhere.
 */

import { RecordBatch } from '@ottla/protocol'
import { batchHeaderSizeInBytes, isPlausibleHeader, recordBatchSizeInBytes } from './batch-scan.ts'
import type { File } from './file-system/file-system.ts'
import { StorageError } from './storage-error.ts'

const pieceSizeInBytes = 1024 * 1024

/**
 * Shows every batch between the two positions (both must be batch boundaries) to `visit`, with its position in the file. The batch
 * is valid only during the visit. A visit that returns false is the last. Throws a StorageError at the first place where no whole batch stands.
 */
export async function scanBatches(
  file: File,
  { fromPosition, toPosition }: { fromPosition: number; toPosition: number },
  visit: (batch: RecordBatch, position: number) => unknown,
): Promise<void> {
  let piece = Buffer.allocUnsafeSlow(
    Math.max(batchHeaderSizeInBytes, Math.min(pieceSizeInBytes, toPosition - fromPosition)),
  )
  let position = fromPosition
  let minBaseOffset = 0
  while (position < toPosition) {
    const bytes = await file.read(position, Math.min(piece.length, toPosition - position), piece)
    let at = 0
    while (isPlausibleHeader(bytes, at, { minBaseOffset })) {
      if (at + recordBatchSizeInBytes(bytes, at) > bytes.length) break
      const batch = new RecordBatch(bytes, at)
      minBaseOffset = batch.nextOffset
      if (visit(batch, position + at) === false) return
      at += batch.sizeInBytes
    }
    position += at
    if (at > 0) continue
    // Not even one batch: it is larger than the piece, or there is none.
    const neededBytes = isPlausibleHeader(bytes, 0, { minBaseOffset }) ? recordBatchSizeInBytes(bytes, 0) : 0
    if (neededBytes <= bytes.length || position + neededBytes > toPosition) {
      throw new StorageError('No valid record batch where one has to be', {
        path: file.path,
        positionInBytes: position,
        code: 'DAMAGED',
      })
    }
    piece = Buffer.allocUnsafeSlow(neededBytes)
  }
}
