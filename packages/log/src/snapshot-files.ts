/**
 * The `.checkpoint` files of a log that can't be compacted: each holds what all records before an offset come to, so that these can go.
 * Which records that are, and what they come to, is for the log's user to know.
 *
 * A file that can be seen under its name is whole and flushed. None is removed while files are held for a backup.
 */

import { replaceFile } from './durable-file.ts'
import { metadataSnapshotName, parseMetadataSnapshotName } from './file-names.ts'
import type { FileSystem } from './file-system/file-system.ts'

export interface SnapshotId {
  /** Of the records that it stands for, exclusive. */
  offset: number
  /** The leader epoch at that offset. */
  epoch: number
}

export interface SnapshotFilesOptions {
  fileSystem: FileSystem
  /** The partition's. */
  directory: string
  /** Runs work on the partition's files one after the other. */
  inOrder: <T>(work: () => Promise<T>) => Promise<T>
}

export class SnapshotFiles {
  readonly #options: SnapshotFilesOptions

  constructor(options: SnapshotFilesOptions) {
    this.#options = options
  }

  path(id: SnapshotId): string {
    return `${this.#options.directory}/${metadataSnapshotName(id)}`
  }

  /** Newest first. */
  async list(): Promise<SnapshotId[]> {
    const { fileSystem, directory } = this.#options
    const found = (await fileSystem.list(directory)).map(({ name }) => parseMetadataSnapshotName(name))
    return found.filter(id => id !== null).sort((a, b) => b.offset - a.offset || b.epoch - a.epoch)
  }

  /** Null when there is no such file. */
  read(id: SnapshotId): Promise<Buffer | null> {
    return this.#options.fileSystem.readFile(this.path(id))
  }

  /** Durable when it resolves. */
  async write(id: SnapshotId, content: Buffer): Promise<void> {
    await replaceFile(this.#options.fileSystem, this.path(id), content)
  }

  /** Gone for good when it resolves: none comes back after a loss of power. */
  async remove(ids: readonly SnapshotId[]): Promise<void> {
    const { fileSystem, directory, inOrder } = this.#options
    await inOrder(async () => {
      for (const id of ids) await fileSystem.remove(this.path(id))
      if (ids.length > 0) await fileSystem.syncDirectory(directory)
    })
  }
}
