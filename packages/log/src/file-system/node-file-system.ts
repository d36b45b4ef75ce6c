/**
 * The real disk. This module and blocking-file-system.ts are the only ones of this package that import `node:fs`.
 *
 * `write` and `writev` may write less than asked without an error and stop at 1,024 buffers: both loops count bytes.
 * Never open the lock file other than by `lock`: closing any descriptor of it in this process would let go of the lock (POSIX).
 */

import fs from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StorageError } from '../storage-error.ts'
import type { DirectoryEntry, DiskSpace, File, FileStatus, FileSystem, Lock } from './file-system.ts'
import { sqlite } from './sqlite.ts'

const maxBuffersPerCall = 1024
/** How long a call waits for a descriptor where none is left. */
const descriptorWaitMs = 10_000

export const nodeFileSystem: FileSystem = {
  bootId() {
    return readSmallFile('/proc/sys/kernel/random/boot_id')?.toString('latin1').trim() ?? null
  },

  async lock(path) {
    return lockFile(path)
  },

  async stat(path) {
    try {
      return statusOf(await fs.promises.stat(path))
    } catch (error) {
      if (isMissing(error)) return null
      throw storageError(error, 'look at the file', path)
    }
  },

  async diskSpace(path): Promise<DiskSpace> {
    const { bsize, blocks, bavail } = await attempt('ask for the size of the disk', path, () =>
      fs.promises.statfs(path),
    )
    return { totalBytes: blocks * bsize, usableBytes: bavail * bsize }
  },

  async list(path) {
    const entries = await attempt('list the directory', path, () =>
      withDescriptor(() => fs.promises.readdir(path, { withFileTypes: true })),
    )
    return entries.map((entry): DirectoryEntry => ({ name: entry.name, kind: kindOf(entry) }))
  },

  async makeDirectory(path) {
    // Records are nobody's business but the owner's, whatever the umask.
    await attempt('create the directory', path, () => fs.promises.mkdir(path, { mode: 0o700 }))
  },

  open(path, { create = false, readOnly = false } = {}) {
    const { O_RDONLY, O_RDWR, O_CREAT } = fs.constants
    const flags = (readOnly ? O_RDONLY : O_RDWR) | (create ? O_CREAT : 0)
    return attempt('open the file', path, () =>
      withDescriptor(
        () =>
          new Promise((resolve, reject) => {
            fs.open(path, flags, 0o644, (error, descriptor) => {
              if (error) reject(error)
              else resolve(new NodeFile(path, descriptor))
            })
          }),
      ),
    )
  },

  async readFile(path) {
    try {
      return await withDescriptor(() => fs.promises.readFile(path))
    } catch (error) {
      if (isMissing(error)) return null
      throw storageError(error, 'read the file', path)
    }
  },

  readSmallFile,

  async rename(from, to) {
    await attempt('rename the file', from, () => fs.promises.rename(from, to))
  },

  async link(from, to) {
    await attempt('link the file', from, () => fs.promises.link(from, to))
  },

  async remove(path) {
    await attempt('remove the file', path, () => fs.promises.rm(path, { force: true }))
  },

  async removeDirectory(path) {
    await attempt('remove the directory', path, () => fs.promises.rm(path, { force: true, recursive: true }))
  },

  async syncDirectory(path) {
    await attempt('sync the directory', path, async () => {
      const directory = await withDescriptor(() => fs.promises.open(path, 'r'))
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
    })
  },
}

class NodeFile implements File {
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
      const count = await this.#readOnce(buffer, total, lengthInBytes - total, position + total)
      if (count === 0) break
      total += count
    }
    return buffer.subarray(0, total)
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    let at = position
    let index = 0
    let rest: Buffer | undefined // what a short write left of buffers[index - 1]
    while (rest !== undefined || index < buffers.length) {
      const group: Buffer[] = rest === undefined ? [] : [rest]
      while (group.length < maxBuffersPerCall && index < buffers.length) group.push(buffers[index++]!)
      let written = await this.#writeOnce(group, at)
      at += written
      rest = undefined
      for (const [i, buffer] of group.entries()) {
        if (written >= buffer.length) {
          written -= buffer.length
          continue
        }
        rest = buffer.subarray(written)
        index -= group.length - 1 - i
        break
      }
    }
  }

  datasync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, error => {
        if (error) reject(storageError(error, 'flush the file', this.path, undefined, 'FLUSH_FAILED'))
        else resolve()
      })
    })
  }

  truncate(sizeInBytes: number): Promise<void> {
    return this.#call('cut the file', callback => fs.ftruncate(this.#descriptor, sizeInBytes, callback))
  }

  sizeInBytes(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => {
        if (error) reject(storageError(error, 'look at the file', this.path))
        else resolve(stats.size)
      })
    })
  }

  close(): Promise<void> {
    return this.#call('close the file', callback => fs.close(this.#descriptor, callback))
  }

  #readOnce(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, buffer, offset, length, position, (error, count) => {
        if (error) reject(storageError(error, 'read the file', this.path, position))
        else resolve(count)
      })
    })
  }

  #writeOnce(buffers: Buffer[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (error: NodeJS.ErrnoException | null, count: number) => {
        if (error) reject(storageError(error, 'write the file', this.path, position))
        else resolve(count)
      }
      const only = buffers.length === 1 ? buffers[0] : undefined
      if (only) fs.write(this.#descriptor, only, 0, only.length, position, done)
      else fs.writev(this.#descriptor, buffers, position, done)
    })
  }

  #call(verb: string, start: (callback: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start(error => {
        if (error) reject(storageError(error, verb, this.path))
        else resolve()
      })
    })
  }
}

/**
 * Node has no flock, SQLite has: an exclusive transaction on an empty database holds an operating-system lock on the file that dies
 * with its holder, is refused to a second holder in the same process too, and excludes Apache Kafka's own lock on `.lock`.
 * Nothing is ever written to the database, and without a journal no second file appears.
 */
function lockFile(path: string): Lock {
  let database: DatabaseSync | undefined
  try {
    database = new (sqlite().DatabaseSync)(path, { timeout: 0 })
    database.exec('PRAGMA journal_mode = OFF')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    if (database?.isOpen) database.close()
    const sqliteBusy = 5
    if ((cause as { errcode?: number }).errcode !== sqliteBusy) {
      throw new StorageError('Cannot lock the data directory: is it writable?', { path, cause })
    }
    const holder = lockHolder(path)
    const by = holder === process.pid ? 'by this process' : holder ? `by process ${holder}` : 'by another process'
    throw new StorageError(
      `The data directory ${dirname(path)} is already in use ${by}. Stop that one first, or choose another directory`,
      { path, code: 'IN_USE' },
    )
  }
  const held = database
  return {
    async release() {
      if (held.isOpen) held.close()
    },
  }
}

/** The process that holds a lock on the file, as Linux tells it; undefined elsewhere. For the message only. */
function lockHolder(path: string): number | undefined {
  try {
    const inode = String(fs.statSync(path).ino)
    // 1: POSIX  ADVISORY  WRITE 8698 fe:00:9986446 1073741824 1073742335
    for (const line of fs.readFileSync('/proc/locks', 'latin1').split('\n')) {
      const [, , , , pid, file] = line.trim().split(/\s+/)
      if (file?.split(':')[2] === inode) return Number(pid)
    }
    return undefined
  } catch {
    return undefined // a message with less in it is no reason to fail
  }
}

function readSmallFile(path: string): Buffer | null {
  try {
    return fs.readFileSync(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw storageError(error, 'read the file', path)
  }
}

export function statusOf(stats: fs.Stats): FileStatus {
  return { kind: kindOf(stats), sizeInBytes: stats.size, modifiedMs: stats.mtimeMs }
}

export function kindOf(entry: fs.Stats | fs.Dirent): FileStatus['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other'
}

async function attempt<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageError(error, verb, path)
  }
}

/**
 * Tries again for a while where the process or the system has no descriptor left: nothing has happened then, connections and files are
 * closed all the time, and a log must not go offline because others took too many. Nothing else is ever tried again.
 */
async function withDescriptor<T>(open: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + descriptorWaitMs
  for (;;) {
    try {
      return await open()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'EMFILE' && code !== 'ENFILE') || performance.now() > deadlineMs) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

// By their codes: a test runner may load this module in a context where Node's own errors are of another class.
function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

export function storageError(
  cause: unknown,
  verb: string,
  path: string,
  positionInBytes?: number,
  code?: string,
): StorageError {
  const error = cause as NodeJS.ErrnoException
  const reason = explanations[error.code ?? ''] ?? error.message
  return new StorageError(`Cannot ${verb}: ${reason}`, {
    path,
    cause,
    ...(positionInBytes === undefined ? {} : { positionInBytes }),
    code: code ?? error.code ?? 'UNKNOWN',
  })
}

const explanations: Record<string, string> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EIO: 'the disk reported an input/output error',
  EMFILE: 'this process has too many open files (raise its limit, `ulimit -n`)',
  ENFILE: 'this system has too many open files',
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is not a directory',
}
