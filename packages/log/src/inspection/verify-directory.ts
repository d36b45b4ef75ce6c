/**
 * A data directory that no broker uses: every byte of every partition, and the files that belong to all of them. Read only, so that it
 * can be done to the only copy there is.
 */

import { parseOffsetCheckpoint } from '../checkpoint-file.ts'
import { readBoot } from '../directory-identity.ts'
import {
  cleanedOffsetFileName,
  cleanShutdownFileName,
  deletedDirectorySuffix,
  lockFileName,
  logStartOffsetFileName,
  metaPropertiesFileName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  recoveryPointFileName,
} from '../file-names.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import { nodeFileSystem } from '../file-system/node-file-system.ts'
import { parseMetaProperties } from '../meta-properties.ts'
import { StorageError } from '../storage-error.ts'
import type { Report } from './findings.ts'
import { type VerifiedPartition, verifyPartition } from './verify-partition.ts'

export interface VerifyOptions {
  path: string
  report: Report
  /** Called after each partition. */
  onPartition?: (partition: VerifiedPartition) => void
  fileSystem?: FileSystem
}

/** Rejects with a StorageError where there is no data directory, or a broker uses it (code `IN_USE`). */
export async function verifyDirectory(options: VerifyOptions): Promise<VerifiedPartition[]> {
  const { path, report, onPartition, fileSystem = nodeFileSystem } = options
  if ((await fileSystem.stat(path))?.kind !== 'directory') {
    throw new StorageError('There is no such directory', { path, code: 'ENOENT' })
  }
  return withoutBroker(fileSystem, { path, report }, async () => {
    const entries = await fileSystem.list(path)
    const directories = entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name)
    const isPartition = (name: string) =>
      !name.endsWith(deletedDirectorySuffix) && parsePartitionDirectoryName(name) !== null
    const names = directories.filter(isPartition).toSorted(byTopicAndPartition)
    checkMetaProperties(fileSystem, { path, report, hasPartitions: names.length > 0 })
    const recoveryPoints = readCheckpoint(fileSystem, { path, report, ...checkpoints.recoveryPoints })
    const logStartOffsets = readCheckpoint(fileSystem, { path, report, ...checkpoints.logStartOffsets })
    readCheckpoint(fileSystem, { path, report, ...checkpoints.cleanedOffsets })
    noteOthers(directories, { path, report })
    const state = {
      wasCleanStop: entries.some(({ name }) => name === cleanShutdownFileName),
      ...readBoot(fileSystem, path),
    }
    const verified: VerifiedPartition[] = []
    for (const name of names) {
      const partition = await verifyPartition({
        ...parsePartitionDirectoryName(name)!,
        ...state,
        fileSystem,
        path,
        report,
        recoveryPoint: recoveryPoints.get(name),
        logStartOffset: logStartOffsets.get(name),
      })
      onPartition?.(partition)
      verified.push(partition)
    }
    return verified
  })
}

/** A broker that runs changes files all the time: what is found then means nothing. */
async function withoutBroker<T>(
  fileSystem: FileSystem,
  { path, report }: { path: string; report: Report },
  work: () => Promise<T>,
): Promise<T> {
  const lockPath = `${path}/${lockFileName}`
  if ((await fileSystem.stat(lockPath)) === null) return work() // a copy: nobody has it open
  try {
    const lock = await fileSystem.lock(lockPath)
    try {
      return await work()
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (!(error instanceof StorageError) || error.path !== lockPath || error.code === 'IN_USE') throw error
    const message =
      'The lock could not be taken, perhaps because the directory is read-only: make sure that no broker uses it'
    report({ severity: 'notice', path: lockPath, message })
    return work()
  }
}

function checkMetaProperties(
  fileSystem: FileSystem,
  { path, report, hasPartitions }: { path: string; report: Report; hasPartitions: boolean },
): void {
  const file = `${path}/${metaPropertiesFileName}`
  const content = fileSystem.readSmallFile(file)
  if (!content) {
    const message = hasPartitions
      ? 'The file is missing: a broker refuses to start. Restore it from a backup'
      : 'There is no such file: this is not the data directory of a broker, or nothing was ever written to it'
    report({ severity: hasPartitions ? 'damage' : 'notice', path: file, message })
    return
  }
  try {
    parseMetaProperties(content, file)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    report({ severity: 'damage', path: file, message: `${error.reason}. A broker refuses to start` })
  }
}

const checkpoints = {
  recoveryPoints: {
    name: recoveryPointFileName,
    severity: 'mendable',
    consequence: 'After an unclean stop every log is checked as a whole',
  },
  logStartOffsets: {
    name: logStartOffsetFileName,
    severity: 'damage',
    consequence:
      'A broker refuses to start. Restore the file from a backup, or remove it if records that were deleted may come back',
  },
  cleanedOffsets: {
    name: cleanedOffsetFileName,
    severity: 'mendable',
    consequence: 'Compaction begins anew',
  },
} as const

/** By partition directory name. */
function readCheckpoint(
  fileSystem: FileSystem,
  options: { path: string; report: Report; name: string; severity: 'mendable' | 'damage'; consequence: string },
): Map<string, number> {
  const { path, report, name, severity, consequence } = options
  const file = `${path}/${name}`
  const content = fileSystem.readSmallFile(file)
  if (!content) return new Map()
  try {
    return new Map(parseOffsetCheckpoint(content).map(entry => [partitionDirectoryName(entry), entry.offset]))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    report({ severity, path: file, message: `The checkpoint is damaged: ${reason}. ${consequence}` })
    return new Map()
  }
}

function noteOthers(directories: readonly string[], { path, report }: { path: string; report: Report }): void {
  for (const name of directories) {
    if (name.endsWith(deletedDirectorySuffix)) {
      const message = 'What is left of a deleted partition. The next start removes it'
      report({ severity: 'notice', path: `${path}/${name}`, message })
    } else if (parsePartitionDirectoryName(name) === null) {
      report({ severity: 'notice', path: `${path}/${name}`, message: 'A directory of another kind. It is left alone' })
    }
  }
}

function byTopicAndPartition(a: string, b: string): number {
  const [left, right] = [parsePartitionDirectoryName(a)!, parsePartitionDirectoryName(b)!]
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1
  return left.partition - right.partition
}
