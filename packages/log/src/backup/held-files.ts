/**
 * The files of one partition as they are at a moment, held under second names in a directory of their own, so that nothing that happens
 * to the partition afterwards (compaction, retention, deletion) takes them away. Links, no copies: done in a moment.
 */

import {
  leaderEpochFileName,
  parseMetadataSnapshotName,
  parseSegmentFileName,
  partitionMetadataFileName,
  type TopicPartition,
} from '../file-names.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import type { LogSegment } from '../log-segment.ts'

export interface HoldOptions {
  fileSystem: FileSystem
  /** Of the partition. */
  directory: string
  segments: readonly LogSegment[]
  /** Of what is flushed, exclusive: later records are not part of it. */
  endOffset: number
  /** Where the links go; made by this. */
  target: string
}

/** What one partition's part of a backup is; offsets as of the moment in which it was asked for. */
export interface HeldPartition extends TopicPartition {
  logStartOffset: number
  /** Exclusive. */
  endOffset: number
  cleanedOffset: number
  /** Makes the links. Until then, and while it does, none of the files is exchanged or removed. Rejects with a StorageError. */
  link(): Promise<void>
  /** No links after all. */
  letGo(): void
}

/** Rejects with a StorageError, also where the file system has no hard links. */
export async function linkFiles({ fileSystem, directory, segments, endOffset, target }: HoldOptions): Promise<void> {
  // The segment that opens at the end may be announced and not be there yet.
  const held = segments.filter(({ baseOffset }, i) => i === 0 || baseOffset < endOffset)
  const last = held.at(-1)!.baseOffset
  const baseOffsets = new Set(held.map(({ baseOffset }) => baseOffset))
  const belongs = (name: string): boolean => {
    if (name === partitionMetadataFileName || name === leaderEpochFileName) return true
    const snapshot = parseMetadataSnapshotName(name)
    if (snapshot) return snapshot.offset <= endOffset
    const file = parseSegmentFileName(name)
    if (!file) return false
    if (file.kind === 'snapshot') return file.offset <= endOffset
    // What is appended from now on goes into the indexes of the last one, too: a start makes them anew.
    return baseOffsets.has(file.offset) && (file.kind === 'log' || file.offset !== last)
  }
  const names = (await fileSystem.list(directory)).map(({ name }) => name)
  await fileSystem.makeDirectory(target)
  for (const name of names.filter(belongs)) await fileSystem.link(`${directory}/${name}`, `${target}/${name}`)
}
