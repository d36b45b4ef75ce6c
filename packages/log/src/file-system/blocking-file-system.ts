/**
 * The real disk for a thread that has nothing else to do: everything happens at once, on the calling thread. So that long work elsewhere
 * takes no place in Node's thread pool, which the whole process shares. On the event loop only of a broker that a test has for itself and
 * that trusts the page cache: there each call is several times cheaper than a trip through the pool. Never where a disk is waited for.
 */

import fs from 'node:fs'
import type { DirectoryEntry, File, FileSystem } from './file-system.ts'
import { kindOf, nodeFileSystem, statusOf, storageError } from './node-file-system.ts'

export const blockingFileSystem: FileSystem = {
  ...nodeFileSystem,

  async stat(path) {
    const stats = attempt('look at the file', path, () => fs.statSync(path, { throwIfNoEntry: false }))
    return stats === undefined ? null : statusOf(stats)
  },

  async list(path) {
    const entries = attempt('list the directory', path, () => fs.readdirSync(path, { withFileTypes: true }))
    return entries.map((entry): DirectoryEntry => ({ name: entry.name, kind: kindOf(entry) }))
  },

  async makeDirectory(path) {
    attempt('create the directory', path, () => fs.mkdirSync(path, { mode: 0o700 }))
  },

  async readFile(path) {
    return nodeFileSystem.readSmallFile(path)
  },

  async rename(from, to) {
    attempt('rename the file', from, () => fs.renameSync(from, to))
  },

  async remove(path) {
    attempt('remove the file', path, () => fs.rmSync(path, { force: true }))
  },

  async removeDirectory(path) {
    attempt('remove the directory', path, () => fs.rmSync(path, { force: true, recursive: true }))
  },

  async open(path, { create = false, readOnly = false } = {}) {
    const { O_RDONLY, O_RDWR, O_CREAT } = fs.constants
    const flags = (readOnly ? O_RDONLY : O_RDWR) | (create ? O_CREAT : 0)
    return new BlockingFile(
      path,
      attempt('open the file', path, () => fs.openSync(path, flags, 0o644)),
    )
  },
}

class BlockingFile implements File {
  readonly path: string
  readonly #descriptor: number

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  async read(position: number, lengthInBytes: number, into?: Buffer): Promise<Buffer> {
    const buffer = into ?? Buffer.allocUnsafeSlow(lengthInBytes)
    let total = 0
    while (total < lengthInBytes) {
      const at = position + total
      const count = this.#attempt(
        'read the file',
        () => fs.readSync(this.#descriptor, buffer, total, lengthInBytes - total, at),
        at,
      )
      if (count === 0) break
      total += count
    }
    return buffer.subarray(0, total)
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    const bytes = Buffer.concat(buffers)
    for (let done = 0; done < bytes.length; ) {
      const at = position + done
      done += this.#attempt(
        'write the file',
        () => fs.writeSync(this.#descriptor, bytes, done, bytes.length - done, at),
        at,
      )
    }
  }

  async datasync(): Promise<void> {
    try {
      fs.fdatasyncSync(this.#descriptor)
    } catch (error) {
      throw storageError(error, 'flush the file', this.path, undefined, 'FLUSH_FAILED')
    }
  }

  async truncate(sizeInBytes: number): Promise<void> {
    this.#attempt('cut the file', () => fs.ftruncateSync(this.#descriptor, sizeInBytes))
  }

  async sizeInBytes(): Promise<number> {
    return this.#attempt('look at the file', () => fs.fstatSync(this.#descriptor)).size
  }

  async close(): Promise<void> {
    this.#attempt('close the file', () => fs.closeSync(this.#descriptor))
  }

  #attempt<T>(verb: string, work: () => T, position?: number): T {
    return attempt(verb, this.path, work, position)
  }
}

function attempt<T>(verb: string, path: string, work: () => T, position?: number): T {
  try {
    return work()
  } catch (error) {
    throw storageError(error, verb, path, position)
  }
}
