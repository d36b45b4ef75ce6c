/** Taking possession of a data directory: it is there, it is ours alone, it is the one that was meant. */

import { dirname } from 'node:path'
import { randomUuid } from '@ottla/protocol'
import { replaceFile } from './durable-file.ts'
import { bootIdFileName, lockFileName, metaPropertiesFileName, parsePartitionDirectoryName } from './file-names.ts'
import type { FileSystem, Lock } from './file-system/file-system.ts'
import { formatMetaProperties, type MetaProperties, parseMetaProperties } from './meta-properties.ts'
import { StorageError } from './storage-error.ts'

/** Creates the directory where it is missing (its parents too) and locks it. */
export async function takeDirectory(fileSystem: FileSystem, path: string): Promise<Lock> {
  await ensureDirectory(fileSystem, path)
  return fileSystem.lock(`${path}/${lockFileName}`)
}

async function ensureDirectory(fileSystem: FileSystem, path: string): Promise<void> {
  const status = await fileSystem.stat(path)
  if (status?.kind === 'directory') return
  if (status) {
    throw new StorageError('The data directory is a file. Remove it, or choose another directory', {
      path,
      code: 'ENOTDIR',
    })
  }
  const parent = dirname(path)
  if (parent !== path) await ensureDirectory(fileSystem, parent)
  await fileSystem.makeDirectory(path)
  await fileSystem.syncDirectory(parent)
}

/** Reads `meta.properties` and compares, or writes it into a directory that holds nothing yet. */
export async function identifyDirectory(
  fileSystem: FileSystem,
  path: string,
  expected: { nodeId: number; clusterId: string | undefined; randomBytes: (count: number) => Buffer },
): Promise<MetaProperties> {
  const file = `${path}/${metaPropertiesFileName}`
  const content = fileSystem.readSmallFile(file)
  const newUuid = () => randomUuid(expected.randomBytes)
  if (!content) {
    await assertHoldsNoPartitions(fileSystem, path)
    // Whoever made the directory may have been killed before its name was on the disk.
    await fileSystem.syncDirectory(dirname(path))
    const properties = { clusterId: expected.clusterId ?? newUuid(), nodeId: expected.nodeId, directoryId: newUuid() }
    await replaceFile(fileSystem, file, formatMetaProperties(properties))
    return properties
  }
  const found = parseMetaProperties(content, file)
  if (expected.clusterId !== undefined && expected.clusterId !== found.clusterId) {
    throw mismatch(file, `It belongs to the cluster ${found.clusterId}, not to ${expected.clusterId}`)
  }
  if (expected.nodeId !== found.nodeId) {
    throw mismatch(file, `It belongs to node ${found.nodeId}, not to node ${expected.nodeId}`)
  }
  if (found.directoryId !== null) return { ...found, directoryId: found.directoryId }
  const properties = { ...found, directoryId: newUuid() }
  await replaceFile(fileSystem, file, formatMetaProperties(properties))
  return properties
}

/**
 * Whether the operating system may have been started anew since the directory's logs were last checked, so that what was never flushed
 * may be there in part.
 */
export function readBoot(fileSystem: FileSystem, path: string): { mayHaveLostPower: boolean } {
  const bootId = fileSystem.bootId()
  const noted = fileSystem.readSmallFile(`${path}/${bootIdFileName}`)?.toString('utf8')
  return { mayHaveLostPower: bootId === null || noted !== bootId }
}

/**
 * Notes that the logs have been checked in this run of the operating system. Not before: a start that is killed half-way must not make
 * the next one believe that nothing is torn. The note needs no flush: one that is lost only means "may have".
 */
export async function noteBoot(fileSystem: FileSystem, path: string): Promise<void> {
  const bootId = fileSystem.bootId()
  if (bootId === null || !readBoot(fileSystem, path).mayHaveLostPower) return
  try {
    await replaceFile(fileSystem, `${path}/${bootIdFileName}`, Buffer.from(bootId, 'utf8'), { syncDirectory: false })
  } catch (error) {
    // A full disk keeps nobody from reading. Without the note the next start looks closer than it would have to.
    if (!(error instanceof StorageError && error.code === 'ENOSPC')) throw error
  }
}

async function assertHoldsNoPartitions(fileSystem: FileSystem, path: string): Promise<void> {
  for (const { name, kind } of await fileSystem.list(path)) {
    if (kind === 'directory' && parsePartitionDirectoryName(name)) {
      throw new StorageError(
        `The directory holds partitions (${name}) but no ${metaPropertiesFileName}. Restore that file, or choose another directory`,
        { path, code: 'DAMAGED' },
      )
    }
  }
}

function mismatch(path: string, what: string): StorageError {
  return new StorageError(`The data directory is not the one expected. ${what}. Choose another directory`, {
    path,
    code: 'MISMATCH',
  })
}
