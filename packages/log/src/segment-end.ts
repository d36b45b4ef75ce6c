/**
 * A closed segment that lost its end exactly between two batches looks whole by itself. Two things give it away together: it does not
 * reach to the next segment, and its indexes speak of what is not there. Neither is enough alone: compaction by Apache Kafka leaves gaps
 * between segments, and an index that rots may speak of anything. Looked at in every start, so it reads no more than the files' ends.
 */

import { batchHeaderSizeInBytes, isPlausibleHeader } from './batch-scan.ts'
import type { File, FileSystem } from './file-system/file-system.ts'
import type { LogSegment } from './log-segment.ts'
import { whatToDoAboutDamage } from './recovery.ts'
import { scanBatches } from './segment-scan.ts'
import { StorageError } from './storage-error.ts'

const offsetEntrySizeInBytes = 8
const timeEntrySizeInBytes = 12

/** Throws a StorageError with code `DAMAGED` where the end of `segment` is missing. */
export async function assertReachesNext(
  fileSystem: FileSystem,
  { segment, next }: { segment: LogSegment; next: LogSegment },
): Promise<void> {
  const { baseOffset, writtenBytes, path } = segment
  const lastEntry = await readEnd(fileSystem, segment.filePath('index'), offsetEntrySizeInBytes)
  if (!lastEntry) return // without an index there is no telling
  const indexedPosition = lastEntry.length === 0 ? 0 : lastEntry.readInt32BE(4)
  const endOffset = await findEndOffset(fileSystem, { path, baseOffset, sizeInBytes: writtenBytes, indexedPosition })
  if (endOffset === null || endOffset >= next.baseOffset) return
  const lastTime = await readEnd(fileSystem, segment.filePath('timeindex'), timeEntrySizeInBytes)
  const timedOffset = lastTime && lastTime.length > 0 ? baseOffset + lastTime.readInt32BE(8) : -1
  if (indexedPosition < writtenBytes && timedOffset < endOffset) return
  throw new StorageError(
    `The segment ends at offset ${endOffset}, although it reached to ${next.baseOffset}: its end is missing. ${whatToDoAboutDamage}`,
    { path, positionInBytes: writtenBytes, code: 'DAMAGED' },
  )
}

/** The last whole entry, empty where there is none; null where there is no file. */
async function readEnd(fileSystem: FileSystem, path: string, entrySizeInBytes: number): Promise<Buffer | null> {
  const status = await fileSystem.stat(path)
  if (status?.kind !== 'file') return null
  const wholeBytes = status.sizeInBytes - (status.sizeInBytes % entrySizeInBytes)
  if (wholeBytes === 0) return Buffer.alloc(0)
  return withFile(fileSystem, path, file => file.read(wholeBytes - entrySizeInBytes, entrySizeInBytes))
}

/** Null where the bytes are damaged otherwise: whoever reads them will find out. */
function findEndOffset(
  fileSystem: FileSystem,
  segment: { path: string; baseOffset: number; sizeInBytes: number; indexedPosition: number },
): Promise<number | null> {
  const { path, baseOffset, sizeInBytes, indexedPosition } = segment
  return withFile(fileSystem, path, async file => {
    let endOffset = baseOffset
    const fromPosition = (await beginsBatch(file, indexedPosition, baseOffset)) ? indexedPosition : 0
    try {
      await scanBatches(file, { fromPosition, toPosition: sizeInBytes }, batch => {
        endOffset = batch.nextOffset
      })
    } catch (error) {
      if (error instanceof StorageError && error.code === 'DAMAGED') return null
      throw error
    }
    return endOffset
  })
}

async function beginsBatch(file: File, position: number, minBaseOffset: number): Promise<boolean> {
  return position >= 0 && isPlausibleHeader(await file.read(position, batchHeaderSizeInBytes), 0, { minBaseOffset })
}

async function withFile<T>(fileSystem: FileSystem, path: string, work: (file: File) => Promise<T>): Promise<T> {
  const file = await fileSystem.open(path, { readOnly: true })
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}
