/**
 * The real disk, until a test says otherwise: it can be full, and it can end together with the process that it pretends to belong to.
 * A killed disk never answers again, so that nothing of that broker gets any further; what it had begun is finished and all that it holds is let go.
 */

import { blockingFileSystem, type File, type FileSystem, type Lock, nodeFileSystem, StorageError } from '@ottla/log'

export class FaultyDisk {
  isFull = false
  readonly fileSystem: FileSystem
  readonly #flushes: boolean
  /** Every file and directory that was created, written, renamed or removed. */
  readonly #touched: Set<string>
  #isKilled = false
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #held = new Set<File | Lock>()

  /** Without `flushes` nothing waits for the disk itself: what a process has written outlives it all the same, in the page cache. */
  constructor({ flushes, touched }: { flushes: boolean; touched: Set<string> }) {
    this.#flushes = flushes
    this.#touched = touched
    const disk = flushes ? nodeFileSystem : blockingFileSystem
    this.fileSystem = {
      bootId: () => disk.bootId(),
      readSmallFile: path => disk.readSmallFile(path),
      diskSpace: path => this.#call(() => disk.diskSpace(path)),
      stat: path => this.#call(() => disk.stat(path)),
      list: path => this.#call(() => disk.list(path)),
      readFile: path => this.#call(() => disk.readFile(path)),
      rename: (from, to) => {
        this.#touched.add(from).add(to)
        return this.#call(() => disk.rename(from, to))
      },
      link: (existing, path) => this.#write(path, () => disk.link(existing, path)),
      remove: path => {
        this.#touched.add(path)
        return this.#call(() => disk.remove(path))
      },
      removeDirectory: path => {
        this.#touched.add(path)
        return this.#call(() => disk.removeDirectory(path))
      },
      syncDirectory: path => this.#call(async () => (flushes ? disk.syncDirectory(path) : undefined)),
      makeDirectory: path => this.#write(path, () => disk.makeDirectory(path)),
      open: (path, options) => {
        const open = async () => this.#wrap(await disk.open(path, options))
        return options?.create ? this.#write(path, open) : this.#call(open)
      },
      lock: path =>
        this.#call(async () => {
          const lock = await disk.lock(path)
          this.#held.add(lock)
          return { release: () => this.#release(lock, () => lock.release()) }
        }),
    }
  }

  /** Resolves when nothing is under way any more and every file and lock is let go. */
  async kill(): Promise<void> {
    this.#isKilled = true
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay])
    for (const held of this.#held) await ('release' in held ? held.release() : held.close())
    this.#held.clear()
  }

  #wrap(file: File): File {
    this.#held.add(file)
    const { path } = file
    return {
      path,
      read: (position, length, into) => this.#call(() => file.read(position, length, into)),
      write: (buffers, position) => this.#write(path, () => file.write(buffers, position)),
      datasync: () => this.#call(async () => (this.#flushes ? file.datasync() : undefined)),
      truncate: size => {
        this.#touched.add(path)
        return this.#call(() => file.truncate(size))
      },
      sizeInBytes: () => this.#call(() => file.sizeInBytes()),
      close: () => this.#release(file, () => file.close()),
    }
  }

  #write<T>(path: string, work: () => Promise<T>): Promise<T> {
    this.#touched.add(path)
    if (!this.isFull || this.#isKilled) return this.#call(work)
    return Promise.reject(
      new StorageError('Cannot write: no space left on the disk (a fault that a test put in)', {
        path,
        code: 'ENOSPC',
      }),
    )
  }

  #release(held: File | Lock, work: () => Promise<void>): Promise<void> {
    if (!this.#isKilled) this.#held.delete(held)
    return this.#call(work)
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isKilled) return new Promise<never>(() => undefined)
    const running = work()
    this.#underWay.add(running)
    try {
      const result = await running
      // What the process would not have lived to hear of.
      if (this.#isKilled) return await new Promise<never>(() => undefined)
      return result
    } finally {
      this.#underWay.delete(running)
    }
  }
}
