/**
 * Log files are opened when they are first used and the least recently used ones are closed again, so that thousands of partitions
 * need no thousands of descriptors. A file in use is never closed.
 */

import type { File, FileSystem } from './file-system/file-system.ts'

interface OpenFile {
  opening: Promise<File>
  users: number
  /** Out of the list: whoever uses it last closes it. */
  isLeaving: boolean
}

export class OpenFiles {
  readonly #fileSystem: FileSystem
  readonly #maxOpen: number
  /** Least recently used first. */
  readonly #files = new Map<string, OpenFile>()

  constructor({ fileSystem, maxOpen }: { fileSystem: FileSystem; maxOpen: number }) {
    this.#fileSystem = fileSystem
    this.#maxOpen = maxOpen
  }

  /** Opens the file where it is not open; it has to exist. */
  async use<T>(path: string, work: (file: File) => Promise<T>): Promise<T> {
    const open = this.#touch(path)
    open.users++
    try {
      const file = await open.opening.catch(error => {
        if (this.#files.get(path) === open) this.#files.delete(path)
        throw error
      })
      try {
        return await work(file)
      } finally {
        if (open.users === 1 && open.isLeaving) await file.close()
      }
    } finally {
      open.users--
      if (this.#files.size > this.#maxOpen) await this.#closeLeastUsed()
    }
  }

  /** Lets go of the file: at once, or as soon as its last user has finished. */
  async close(path: string): Promise<void> {
    const open = this.#files.get(path)
    if (!open) return
    this.#files.delete(path)
    open.isLeaving = true
    if (open.users === 0) await (await open.opening).close()
  }

  async closeAll(): Promise<void> {
    for (const path of [...this.#files.keys()]) await this.close(path)
  }

  #touch(path: string): OpenFile {
    const known = this.#files.get(path)
    if (known) this.#files.delete(path)
    const open = known ?? { opening: this.#fileSystem.open(path), users: 0, isLeaving: false }
    this.#files.set(path, open)
    return open
  }

  async #closeLeastUsed(): Promise<void> {
    for (const [path, { users }] of this.#files) {
      if (users === 0) return this.close(path)
    }
  }
}
