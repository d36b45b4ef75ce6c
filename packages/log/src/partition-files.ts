/**
 * What a partition does to its directory beside writing batches: epochs, closing segments, snapshots, removals. Keeps track of what has
 * to be flushed before an acknowledgement: names of files that are new, epochs that are not stored yet.
 */

import type { AbortedTransactions } from './aborted-transactions.ts'
import { formatEpochCheckpoint } from './checkpoint-file.ts'
import { replaceFile, writeNewFile } from './durable-file.ts'
import { deletedFileSuffix, leaderEpochFileName, segmentFileKinds, segmentFileName } from './file-names.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogSegment, SegmentContext } from './log-segment.ts'
import type { RollOperation } from './log-writer.ts'
import { type CleanedFiles, renameSwapToFinal } from './segment-swap.ts'
import { writeTransactionIndex } from './transaction-index-file.ts'

export interface PartitionFilesOptions {
  segmentContext: SegmentContext
  leaderEpochs: LeaderEpochs
  /** The leader epochs in memory differ from those in the file. */
  areLeaderEpochsNew: boolean
  /** Where the newest producer snapshot stands, -1 without one. */
  snapshotOffset: number
  aborted: AbortedTransactions
}

export class PartitionFiles {
  readonly #context: SegmentContext
  readonly #leaderEpochs: LeaderEpochs
  #areLeaderEpochsNew: boolean
  #snapshotOffset: number
  #areNamesNew = false
  readonly #aborted: AbortedTransactions

  constructor({ segmentContext, leaderEpochs, areLeaderEpochsNew, snapshotOffset, aborted }: PartitionFilesOptions) {
    this.#context = segmentContext
    this.#aborted = aborted
    this.#leaderEpochs = leaderEpochs
    this.#areLeaderEpochsNew = areLeaderEpochsNew
    this.#snapshotOffset = snapshotOffset
  }

  get areLeaderEpochsNew(): boolean {
    return this.#areLeaderEpochsNew
  }

  noteLeaderEpochsChanged(): void {
    this.#areLeaderEpochsNew = true
  }

  async writeLeaderEpochs(): Promise<void> {
    if (!this.#areLeaderEpochsNew) return
    const { fileSystem, directory } = this.#context
    const content = formatEpochCheckpoint(this.#leaderEpochs.entries)
    await replaceFile(fileSystem, `${directory}/${leaderEpochFileName}`, content, { syncDirectory: false })
    this.#areLeaderEpochsNew = false
    this.#areNamesNew = true
  }

  async flushNames(): Promise<void> {
    if (!this.#areNamesNew) return
    await this.#context.fileSystem.syncDirectory(this.#context.directory)
    this.#areNamesNew = false
  }

  /**
   * The closed segment is flushed before the next one's file exists: so a hole in a segment that is not the last one is damage and
   * never the trace of a crash. That holds with durability `os` too.
   */
  async closeSegment({ closed, opened, snapshot }: RollOperation): Promise<void> {
    const { fileSystem, directory } = this.#context
    await closed.useFile(file => file.datasync())
    await closed.writeIndexes()
    const { baseOffset: endOffset } = opened
    await writeTransactionIndex(this.#context, { segment: closed, endOffset, aborted: this.#aborted })
    await writeNewFile(fileSystem, opened.filePath('snapshot'), snapshot)
    await fileSystem.syncDirectory(directory)
    await writeNewFile(fileSystem, opened.path, Buffer.alloc(0))
    this.#areNamesNew = true
    this.#snapshotOffset = opened.baseOffset
    closed.isClosed = true
  }

  /** Removes what a roll that could not be finished left behind. */
  async abandonRoll({ opened }: RollOperation): Promise<void> {
    const { fileSystem, openFiles } = this.#context
    await openFiles.close(opened.path)
    await fileSystem.remove(opened.path)
    await fileSystem.remove(opened.filePath('snapshot'))
  }

  /** All that the next start needs so as not to scan; the log file itself is flushed already. */
  async storeForCleanStart(
    active: LogSegment,
    { endOffset, snapshot }: { endOffset: number; snapshot: Buffer },
  ): Promise<void> {
    const { fileSystem, directory } = this.#context
    await active.writeIndexes()
    await writeTransactionIndex(this.#context, { segment: active, endOffset, aborted: this.#aborted })
    if (this.#snapshotOffset !== endOffset) {
      await writeNewFile(fileSystem, `${directory}/${segmentFileName(endOffset, 'snapshot')}`, snapshot)
    }
    await this.writeLeaderEpochs()
    await fileSystem.syncDirectory(directory)
  }

  /** A compacted segment takes its name, durably. Whoever reads the file of that name from now on reads the new one. */
  async moveSwapInPlace(cleaned: CleanedFiles): Promise<void> {
    const { fileSystem, openFiles, directory } = this.#context
    await renameSwapToFinal({ fileSystem, directory }, cleaned)
    await openFiles.close(`${directory}/${segmentFileName(cleaned.baseOffset, 'log')}`)
  }

  /** Gives the files of segments the names of deleted ones, durably. Returns the new paths, which are to be removed later. */
  async markForDeletion(segments: readonly LogSegment[]): Promise<string[]> {
    const { fileSystem, openFiles, directory } = this.#context
    const paths: string[] = []
    for (const segment of segments) {
      await openFiles.close(segment.path)
      for (const kind of segmentFileKinds) {
        const path = segment.filePath(kind)
        if (!(await fileSystem.stat(path))) continue
        await fileSystem.rename(path, path + deletedFileSuffix)
        paths.push(path + deletedFileSuffix)
      }
    }
    await fileSystem.syncDirectory(directory)
    for (const segment of segments) await openFiles.close(segment.path) // opened meanwhile by a read that began before
    return paths
  }
}
