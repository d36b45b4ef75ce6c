/**
 * The second half of a backup: copies what a running broker holds for it (prepare-backup.ts) to a directory that starts as a broker of
 * its own. Appears under its name only when all of it is there and flushed. Reads the links alone, never the live files.
 */

import { dirname } from 'node:path'
import { parseSegmentFileName } from '../file-names.ts'
import type { File, FileSystem } from '../file-system/file-system.ts'
import { nodeFileSystem } from '../file-system/node-file-system.ts'
import { scanBatches } from '../segment-scan.ts'
import { StorageError } from '../storage-error.ts'
import type { PreparedBackup } from './prepare-backup.ts'

export interface CopyOptions {
  backup: PreparedBackup
  /** Must not be there, or be an empty directory; its parent must be. */
  target: string
  fileSystem?: FileSystem
  /** Called after each partition. */
  onPartition?: (name: string) => void
}

export interface CopiedBackup {
  partitions: number
  bytes: number
}

/** What is not complete yet is under the target's name with this behind it. */
const partialSuffix = '.partial'
const pieceSizeInBytes = 4 * 1024 * 1024

/** Rejects with a StorageError; what was copied by then stays under the partial name, and a second try replaces it. */
export async function copyBackup(options: CopyOptions): Promise<CopiedBackup> {
  const { backup, target, fileSystem = nodeFileSystem, onPartition } = options
  await assertFree(fileSystem, target)
  const partial = target + partialSuffix
  await fileSystem.removeDirectory(partial)
  await fileSystem.makeDirectory(partial)
  const copied = { partitions: 0, bytes: 0 }
  const copy = async (path: string, endPosition?: number) => {
    copied.bytes += await copyFile(fileSystem, {
      from: `${backup.path}/${path}`,
      to: `${partial}/${path}`,
      endPosition,
    })
  }
  for (const { name, kind } of await fileSystem.list(backup.path)) {
    if (kind === 'file') await copy(name)
    else {
      await copyPartition(fileSystem, { backup, name, partial, copy })
      copied.partitions++
      onPartition?.(name)
    }
  }
  await fileSystem.syncDirectory(partial)
  await fileSystem.removeDirectory(target) // it is empty
  await fileSystem.rename(partial, target)
  await fileSystem.syncDirectory(dirname(target))
  return copied
}

async function assertFree(fileSystem: FileSystem, target: string): Promise<void> {
  const status = await fileSystem.stat(target)
  if (status === null) return
  if (status.kind === 'directory' && (await fileSystem.list(target)).length === 0) return
  throw new StorageError('There is something already: choose a new directory for the backup', {
    path: target,
    code: 'EEXIST',
  })
}

async function copyPartition(
  fileSystem: FileSystem,
  options: {
    backup: PreparedBackup
    name: string
    partial: string
    copy: (path: string, endPosition?: number) => Promise<void>
  },
): Promise<void> {
  const { backup, name, partial, copy } = options
  const endOffset = backup.endOffsets[name]
  if (endOffset === undefined) throw new Error(`the backup of ${name} has no end`)
  await fileSystem.makeDirectory(`${partial}/${name}`)
  const files = (await fileSystem.list(`${backup.path}/${name}`)).map(file => file.name)
  const baseOffsets = files.map(parseSegmentFileName).flatMap(found => (found?.kind === 'log' ? [found.offset] : []))
  const last = Math.max(...baseOffsets)
  for (const file of files) {
    const found = parseSegmentFileName(file)
    const path = `${name}/${file}`
    // The last log file is the live one: more has been appended to it since.
    if (found?.kind !== 'log' || found.offset !== last) await copy(path)
    else await copy(path, await findEnd(fileSystem, `${backup.path}/${path}`, { baseOffset: last, endOffset }))
  }
  await fileSystem.syncDirectory(`${partial}/${name}`)
}

/** The position at which the offset begins; all before it is flushed and whole. */
function findEnd(
  fileSystem: FileSystem,
  path: string,
  { baseOffset, endOffset }: { baseOffset: number; endOffset: number },
): Promise<number> {
  return withFile(fileSystem, path, async file => {
    if (endOffset <= baseOffset) return 0
    let endPosition = 0
    let isReached = false
    await scanBatches(file, { fromPosition: 0, toPosition: await file.sizeInBytes() }, (batch, position) => {
      endPosition = position + batch.sizeInBytes
      isReached = batch.nextOffset >= endOffset
      return !isReached
    })
    if (isReached) return endPosition
    throw new StorageError(`The log ends before offset ${endOffset}`, {
      path,
      positionInBytes: endPosition,
      code: 'DAMAGED',
    })
  })
}

/** Flushed when it resolves, but for its name. Resolves with its size. */
function copyFile(
  fileSystem: FileSystem,
  { from, to, endPosition }: { from: string; to: string; endPosition: number | undefined },
): Promise<number> {
  return withFile(fileSystem, from, async source => {
    const sizeInBytes = endPosition ?? (await source.sizeInBytes())
    const target = await fileSystem.open(to, { create: true })
    try {
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceSizeInBytes, sizeInBytes))
      for (let position = 0; position < sizeInBytes; ) {
        const bytes = await source.read(position, Math.min(piece.length, sizeInBytes - position), piece)
        if (bytes.length === 0)
          throw new StorageError('The file has become shorter', { path: from, positionInBytes: position })
        await target.write([bytes], position)
        position += bytes.length
      }
      await target.datasync()
    } finally {
      await target.close()
    }
    return sizeInBytes
  })
}

async function withFile<T>(fileSystem: FileSystem, path: string, work: (file: File) => Promise<T>): Promise<T> {
  const file = await fileSystem.open(path, { readOnly: true })
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}
