/**
 * Puts a compacted segment in the place of the segments it was made of, so that a crash or a loss of power at any moment leaves either
 * the old ones or the new one. Apache Kafka's names and order, with the directory synced between the steps:
 *
 *   N.log.cleaned …            written and flushed; directory synced.     Crash: removed, the old segments stay
 *   N.log.cleaned → .swap      indexes first, log last; directory synced. Crash before: as above. After: finished at the next start
 *   old segments → .deleted    but for N itself; directory synced.        Crash: finished at the next start
 *   N.log.swap → N.log         indexes first, log last; directory synced.
 *
 * Which old segments a `.swap` stands for can be told from its content: compaction keeps the last batch of what it was made of, if
 * only its header. So all segments that begin in its range of offsets are its own old ones.
 */

import {
  cleanedFileSuffix,
  parseSegmentFileName,
  type SegmentFileKind,
  segmentFileKinds,
  segmentFileName,
  swapFileSuffix,
} from './file-names.ts'
import type { FileSystem } from './file-system/file-system.ts'
import { scanBatches } from './segment-scan.ts'

/** The log file last: its name says that the others are there. */
const swappedKinds: readonly SegmentFileKind[] = ['index', 'timeindex', 'txnindex', 'log']

interface Place {
  fileSystem: FileSystem
  /** The partition's. */
  directory: string
}

/** A compacted segment's files. */
export interface CleanedFiles {
  baseOffset: number
  kinds: readonly SegmentFileKind[]
}

export async function renameCleanedToSwap(
  { fileSystem, directory }: Place,
  { baseOffset, kinds }: CleanedFiles,
): Promise<void> {
  await fileSystem.syncDirectory(directory)
  for (const kind of swappedKinds) {
    if (!kinds.includes(kind)) continue
    const path = `${directory}/${segmentFileName(baseOffset, kind)}`
    await fileSystem.rename(path + cleanedFileSuffix, path + swapFileSuffix)
  }
  await fileSystem.syncDirectory(directory)
}

export async function renameSwapToFinal(
  { fileSystem, directory }: Place,
  { baseOffset, kinds }: CleanedFiles,
): Promise<void> {
  for (const kind of swappedKinds) {
    if (!kinds.includes(kind)) continue
    const path = `${directory}/${segmentFileName(baseOffset, kind)}`
    await fileSystem.rename(path + swapFileSuffix, path)
  }
  await fileSystem.syncDirectory(directory)
}

/** What a compaction that was given up has written. */
export async function removeCleaned({ fileSystem, directory }: Place, baseOffset: number): Promise<void> {
  for (const kind of swappedKinds) {
    await fileSystem.remove(`${directory}/${segmentFileName(baseOffset, kind)}${cleanedFileSuffix}`)
  }
}

/**
 * At a start, before anything is read: finishes an exchange that was under way, or takes it back. `names`: what the directory holds.
 * Resolves with what it holds then. Rejects with a StorageError where a `.swap` is damaged.
 */
export async function recoverSwap(
  { fileSystem, directory }: Place,
  names: readonly string[],
): Promise<readonly string[]> {
  const cleaned = withSuffix(names, cleanedFileSuffix)
  let swapped = withSuffix(names, swapFileSuffix)
  if (cleaned.length === 0 && swapped.length === 0) return names
  // A `.cleaned` that is left tells that its exchange, and each one after it (Apache Kafka splits segments so), was not decided yet.
  const firstCleaned = Math.min(...cleaned.map(({ offset }) => offset))
  const undecided = swapped.filter(({ offset }) => offset >= firstCleaned)
  swapped = swapped.filter(({ offset }) => offset < firstCleaned)
  for (const { name } of undecided) await fileSystem.remove(`${directory}/${name}`)
  await fileSystem.syncDirectory(directory) // without a `.cleaned` beside it a `.swap` would count
  for (const { name } of cleaned) await fileSystem.remove(`${directory}/${name}`)

  for (const { name, offset } of swapped.filter(({ kind }) => kind === 'log')) {
    const lastOffset = await lastOffsetOf(fileSystem, `${directory}/${name}`)
    for (const former of names.map(parseSegmentFileName)) {
      if (!former || former.offset <= offset || former.offset > lastOffset) continue
      await fileSystem.remove(`${directory}/${segmentFileName(former.offset, former.kind)}`)
    }
  }
  await fileSystem.syncDirectory(directory)
  for (const kind of segmentFileKinds.toReversed()) {
    for (const { name, offset } of swapped.filter(found => found.kind === kind)) {
      await fileSystem.rename(`${directory}/${name}`, `${directory}/${segmentFileName(offset, kind)}`)
    }
  }
  await fileSystem.syncDirectory(directory)
  return (await fileSystem.list(directory)).map(({ name }) => name)
}

function withSuffix(names: readonly string[], suffix: string) {
  return names
    .filter(name => name.endsWith(suffix))
    .flatMap(name => {
      const parsed = parseSegmentFileName(name.slice(0, -suffix.length))
      return parsed ? [{ name, ...parsed }] : []
    })
}

async function lastOffsetOf(fileSystem: FileSystem, path: string): Promise<number> {
  const file = await fileSystem.open(path)
  try {
    let lastOffset = -1
    const range = { fromPosition: 0, toPosition: await file.sizeInBytes() }
    await scanBatches(file, range, batch => {
      lastOffset = batch.lastOffset
    })
    return lastOffset
  } finally {
    await file.close()
  }
}
