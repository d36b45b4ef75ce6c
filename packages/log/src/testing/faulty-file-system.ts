/** The real file system with faults put in: a call that matches fails as told, everything else passes through. */

import type { File, FileSystem } from '../file-system/file-system.ts'
import { nodeFileSystem } from '../file-system/node-file-system.ts'
import { StorageError } from '../storage-error.ts'

export type FileOperation = 'open' | 'write' | 'datasync' | 'truncate' | 'read' | 'syncDirectory' | 'rename'

export interface FileCall {
  operation: FileOperation
  path: string
}

/** Returns the code to fail with, or nothing. */
export type Fault = (call: FileCall) => string | undefined

export interface FaultyFileSystem extends FileSystem {
  /** What happens to calls from now on; undefined: nothing. */
  fault: Fault | undefined
  /** Every call, in order. */
  readonly calls: FileCall[]
  /** Answers instead of the system's. */
  bootIdNow: string | null
  /** Calls of `datasync` wait for it. */
  gate: Promise<void> | undefined
}

export function faultyFileSystem(): FaultyFileSystem {
  const calls: FileCall[] = []
  const check = (operation: FileOperation, path: string): void => {
    calls.push({ operation, path })
    const code = faulty.fault?.({ operation, path })
    if (code) throw new StorageError(`Cannot ${operation} a file: a fault was put in`, { path, code })
  }
  const wrap = (file: File): File => ({
    path: file.path,
    async read(...args) {
      check('read', file.path)
      return file.read(...args)
    },
    async write(buffers, position) {
      try {
        check('write', file.path)
      } catch (error) {
        // As a full disk does it: a part is written.
        await file.write([buffers[0]!.subarray(0, Math.ceil(buffers[0]!.length / 2))], position)
        throw error
      }
      await file.write(buffers, position)
    },
    async datasync() {
      await faulty.gate
      check('datasync', file.path)
      await file.datasync()
    },
    async truncate(sizeInBytes) {
      check('truncate', file.path)
      await file.truncate(sizeInBytes)
    },
    sizeInBytes: () => file.sizeInBytes(),
    close: () => file.close(),
  })
  const faulty: FaultyFileSystem = {
    ...nodeFileSystem,
    calls,
    fault: undefined,
    gate: undefined,
    bootIdNow: nodeFileSystem.bootId(),
    bootId: () => faulty.bootIdNow,
    async open(path, options) {
      check('open', path)
      return wrap(await nodeFileSystem.open(path, options))
    },
    async rename(from, to) {
      check('rename', from)
      await nodeFileSystem.rename(from, to)
    },
    async syncDirectory(path) {
      check('syncDirectory', path)
      await nodeFileSystem.syncDirectory(path)
    },
  }
  return faulty
}
