/**
 * What to make of a log file after an unclean stop. Reads it from the beginning, checks every batch, and decides where the log ends:
 *
 *   all batches valid                                          the end is where it was
 *   a bad batch, nothing valid behind it                       the tail that was being written: cut, with a warning
 *   a bad batch, valid ones behind it, all within the last     after a loss of power: sectors reach the disk in any order, nothing
 *   16 MiB and not below the recovery point                    of this was acknowledged (see log-writer.ts): cut, with a warning
 *   anything else                                              damage to what was flushed: StorageError, nothing is touched
 *
 * A process that was killed leaves the page cache whole: then the third case is damage too.
 */

import { RecordBatch } from '@ottla/protocol'
import {
  batchHeaderSizeInBytes,
  findValidBatch,
  isPlausibleHeader,
  isValidBatch,
  recordBatchSizeInBytes,
} from './batch-scan.ts'
import type { File } from './file-system/file-system.ts'
import { maxUnflushedBytes } from './log-writer.ts'
import { StorageError } from './storage-error.ts'

/** Behind every message that takes a partition offline at a start. */
export const whatToDoAboutDamage =
  'Nothing was changed, and the other partitions are served. With the broker stopped, `ottla log verify` shows all that is wrong and ' +
  '`ottla log repair` cuts it out; or restore the partition from a backup, or delete the topic'

const pieceSizeInBytes = 4 * 1024 * 1024
const searchPieceSizeInBytes = 32 * 1024 * 1024

export interface RecoveryOptions {
  /** The first offset that may stand here. */
  baseOffset: number
  /** Everything below is known to have been flushed. */
  recoveryPoint: number
  /** Later segments follow. */
  isLast: boolean
  /** The operating system was started anew since the file was written, or it is not known. */
  mayHaveLostPower: boolean
  /** The largest batch to expect when searching behind a bad one. */
  maxBatchSizeInBytes: number
}

export interface RecoveredFile {
  /** Exclusive; the base offset where no batch is left. */
  endOffset: number
  validBytes: number
  /** What has to be cut off. */
  excessBytes: number
}

/** Shows every valid batch to `visit`. Changes nothing. Throws a StorageError with code `DAMAGED` naming file and position. */
export async function recoverFile(
  file: File,
  options: RecoveryOptions,
  visit: (batch: RecordBatch) => void,
): Promise<RecoveredFile> {
  const sizeInBytes = await file.sizeInBytes()
  const { endOffset, validBytes } = await readValidBatches(file, sizeInBytes, options.baseOffset, visit)
  const excessBytes = sizeInBytes - validBytes
  if (excessBytes > 0) {
    const tail = { ...options, endOffset, validBytes, sizeInBytes }
    const damage = await whyNotTorn(tail, () => searchValidBatch(file, tail))
    if (damage) throw damaged(file, validBytes, damage)
  }
  if (options.isLast && endOffset < options.recoveryPoint) {
    throw damaged(
      file,
      validBytes,
      `The log ends at offset ${endOffset}, although ${options.recoveryPoint} was flushed`,
    )
  }
  return { endOffset, validBytes, excessBytes }
}

/**
 * Writes a part of the file again, with the very bytes that are there. After a flush that failed the page cache shows what the disk may
 * not have and takes it for clean: only bytes that are written anew reach the disk with the next flush.
 */
export async function writeAgain(
  file: File,
  { fromPosition, toPosition }: { fromPosition: number; toPosition: number },
): Promise<void> {
  for (let position = fromPosition; position < toPosition; ) {
    const bytes = await file.read(position, Math.min(pieceSizeInBytes, toPosition - position))
    if (bytes.length === 0) return
    await file.write([bytes], position)
    position += bytes.length
  }
}

async function readValidBatches(
  file: File,
  sizeInBytes: number,
  baseOffset: number,
  visit: (batch: RecordBatch) => void,
): Promise<{ endOffset: number; validBytes: number }> {
  let piece = Buffer.allocUnsafeSlow(Math.min(pieceSizeInBytes, Math.max(sizeInBytes, 1)))
  let endOffset = baseOffset
  let position = 0
  while (position < sizeInBytes) {
    const bytes = await file.read(position, Math.min(piece.length, sizeInBytes - position), piece)
    let at = 0
    while (isValidBatch(bytes, at, { minBaseOffset: endOffset })) {
      const batch = new RecordBatch(bytes, at)
      visit(batch)
      endOffset = batch.nextOffset
      at += batch.sizeInBytes
    }
    position += at
    if (at > 0) continue
    const isCut =
      isPlausibleHeader(bytes, 0, { minBaseOffset: endOffset }) && recordBatchSizeInBytes(bytes, 0) > bytes.length
    if (!isCut || position + recordBatchSizeInBytes(bytes, 0) > sizeInBytes) break
    piece = Buffer.allocUnsafeSlow(recordBatchSizeInBytes(bytes, 0))
  }
  return { endOffset, validBytes: position }
}

export interface TailFacts extends Pick<RecoveryOptions, 'isLast' | 'mayHaveLostPower' | 'recoveryPoint'> {
  /** Of the last valid batch, exclusive. */
  endOffset: number
  validBytes: number
  sizeInBytes: number
}

/**
 * Why the bytes behind the last valid batch are more than a tail that was being written; null where they are that. `findNext` looks for
 * the position of a valid batch behind them, -1 where there is none.
 */
export async function whyNotTorn(facts: TailFacts, findNext: () => Promise<number>): Promise<string | null> {
  const { isLast, mayHaveLostPower, recoveryPoint, endOffset, validBytes, sizeInBytes } = facts
  if (!isLast) return 'A record batch is damaged in a segment that was completely flushed'
  if (endOffset < recoveryPoint) return `A record batch is damaged that was flushed (offset ${endOffset})`
  if (mayHaveLostPower && sizeInBytes - validBytes <= maxUnflushedBytes) return null
  const next = await findNext()
  return next < 0 ? null : `A record batch is damaged (offset ${endOffset}), valid ones follow at byte ${next}`
}

/** Any offset of this segment counts: a damaged base offset must not make its successors look like the past. */
async function searchValidBatch(
  file: File,
  {
    validBytes,
    sizeInBytes,
    baseOffset,
    maxBatchSizeInBytes,
  }: RecoveryOptions & { validBytes: number; sizeInBytes: number },
): Promise<number> {
  const overlap = maxBatchSizeInBytes + batchHeaderSizeInBytes
  const stride = Math.max(searchPieceSizeInBytes, overlap)
  for (let position = validBytes + 1; position < sizeInBytes; position += stride) {
    const bytes = await file.read(position, Math.min(stride + overlap, sizeInBytes - position))
    const found = findValidBatch(bytes, 0, { minBaseOffset: baseOffset })
    if (found >= 0) return position + found
  }
  return -1
}

function damaged(file: File, positionInBytes: number, message: string): StorageError {
  return new StorageError(`${message}. ${whatToDoAboutDamage}`, { path: file.path, positionInBytes, code: 'DAMAGED' })
}
