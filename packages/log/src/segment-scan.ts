/**
 * Reading a log file from end to end in large pieces, batch by batch. For start-up, rebuilding and compaction; consumers' reads are
 * elsewhere.
 */

import { RecordBatch } from '@ottla/protocol'
import { batchHeaderSizeInBytes, isPlausibleHeader, recordBatchSizeInBytes } from './batch-scan.ts'
import type { File } from './file-system/file-system.ts'
import { StorageError } from './storage-error.ts'

const pieceSizeInBytes = 1024 * 1024

interface ScanRange {
  fromPosition: number
  toPosition: number
}

/** Batches that were read together. Valid until the next piece is asked for. */
export interface ScannedPiece {
  /** Of the first batch, in the file. */
  position: number
  batches: RecordBatch[]
}

/**
 * All batches between the two positions, which must be batch boundaries. Throws a StorageError at the first place where no whole batch
 * stands. Headers are checked, CRCs are not.
 */
export async function* scanPieces(file: File, { fromPosition, toPosition }: ScanRange): AsyncGenerator<ScannedPiece> {
  let piece = Buffer.allocUnsafeSlow(
    Math.max(batchHeaderSizeInBytes, Math.min(pieceSizeInBytes, toPosition - fromPosition)),
  )
  let position = fromPosition
  let minBaseOffset = 0
  while (position < toPosition) {
    const bytes = await file.read(position, Math.min(piece.length, toPosition - position), piece)
    const batches: RecordBatch[] = []
    let at = 0
    while (isPlausibleHeader(bytes, at, { minBaseOffset })) {
      if (at + recordBatchSizeInBytes(bytes, at) > bytes.length) break
      const batch = new RecordBatch(bytes, at)
      minBaseOffset = batch.nextOffset
      batches.push(batch)
      at += batch.sizeInBytes
    }
    if (at > 0) {
      yield { position, batches }
      position += at
      continue
    }
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

/**
 * Shows every batch between the two positions to `visit`, with its position in the file. The batch is valid only during the visit. A
 * visit that returns false is the last.
 */
export async function scanBatches(
  file: File,
  range: ScanRange,
  visit: (batch: RecordBatch, position: number) => unknown,
): Promise<void> {
  for await (const { position, batches } of scanPieces(file, range)) {
    for (const batch of batches) {
      if (visit(batch, position + batch.position) === false) return
    }
  }
}
