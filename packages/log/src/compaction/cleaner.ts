/** Where the labour of compaction is done: in a thread of its own, or in place (with a file system that no other thread can see). */

import type { FileSystem } from '../file-system/file-system.ts'
import { type CleanedSegment, type CleaningGroup, type CleaningTask, SegmentCleaner } from './segment-cleaner.ts'

/** See SegmentCleaner for what the calls do. Rejects with the signal's reason when it aborts; no file is written after that. */
export interface Cleaner {
  /** Reads the part that is new. Then groups of the same task may be cleaned. */
  begin(task: CleaningTask, signal: AbortSignal): Promise<{ knownEndOffset: number }>
  cleanGroup(group: CleaningGroup, signal: AbortSignal): Promise<CleanedSegment>
  /** Lets go of threads and memory; the next `begin` works all the same. */
  close(): Promise<void>
}

export class CleanerInPlace implements Cleaner {
  readonly #fileSystem: FileSystem
  #cleaner: SegmentCleaner | undefined

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem
  }

  begin(task: CleaningTask, signal: AbortSignal): Promise<{ knownEndOffset: number }> {
    this.#cleaner = new SegmentCleaner(this.#fileSystem, task, { signal })
    return this.#cleaner.readDirtyPart()
  }

  async cleanGroup(group: CleaningGroup): Promise<CleanedSegment> {
    if (!this.#cleaner) throw new Error('no task has begun')
    return this.#cleaner.cleanGroup(group)
  }

  async close(): Promise<void> {
    this.#cleaner = undefined
  }
}
