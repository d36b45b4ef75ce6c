/**
 * The checkpoint files of a data directory: where recovery has to begin, where logs start after records were deleted, and how far
 * compaction has come. They are replaced as a whole; writers that come together share one run.
 */

import { formatOffsetCheckpoint, type OffsetCheckpointEntry, parseOffsetCheckpoint } from './checkpoint-file.ts'
import { coalesce } from './coalesce.ts'
import { replaceFile } from './durable-file.ts'
import type { Logger } from './environment.ts'
import {
  cleanedOffsetFileName,
  logStartOffsetFileName,
  partitionDirectoryName,
  recoveryPointFileName,
} from './file-names.ts'
import type { FileSystem } from './file-system/file-system.ts'
import { StorageError } from './storage-error.ts'

export interface OffsetCheckpointsOptions {
  fileSystem: FileSystem
  path: string
  recoveryPoints: () => OffsetCheckpointEntry[]
  logStartOffsets: () => OffsetCheckpointEntry[]
  cleanedOffsets: () => OffsetCheckpointEntry[]
}

export class OffsetCheckpoints {
  /** Durable when it resolves, with values no older than the call. */
  readonly storeRecoveryPoints: () => Promise<void>
  readonly storeLogStartOffsets: () => Promise<void>
  readonly storeCleanedOffsets: () => Promise<void>

  constructor(options: OffsetCheckpointsOptions) {
    const { fileSystem, path, recoveryPoints, logStartOffsets, cleanedOffsets } = options
    this.storeRecoveryPoints = storer(fileSystem, `${path}/${recoveryPointFileName}`, recoveryPoints)
    this.storeLogStartOffsets = storer(fileSystem, `${path}/${logStartOffsetFileName}`, logStartOffsets)
    this.storeCleanedOffsets = storer(fileSystem, `${path}/${cleanedOffsetFileName}`, cleanedOffsets)
  }
}

/** A file whose content is already there is not written again. */
function storer(fileSystem: FileSystem, path: string, entries: () => OffsetCheckpointEntry[]): () => Promise<void> {
  let stored: Buffer | undefined
  return coalesce(async () => {
    const content = formatOffsetCheckpoint(entries())
    if (stored?.equals(content)) return
    await replaceFile(fileSystem, path, content)
    stored = content
  })
}

interface ReadOptions {
  path: string
  logger: Logger
}

/** By partition directory name. A damaged file costs a longer recovery, nothing else. */
export function readRecoveryPoints(fileSystem: FileSystem, options: ReadOptions): Map<string, number> {
  const consequence = 'the recovery points are damaged: every log will be checked as a whole'
  return readExpendable(fileSystem, recoveryPointFileName, { ...options, consequence })
}

/** By partition directory name. A damaged file costs a compaction from the beginning. */
export function readCleanedOffsets(fileSystem: FileSystem, options: ReadOptions): Map<string, number> {
  const consequence = 'it is not known how far compaction has come: it begins anew'
  return readExpendable(fileSystem, cleanedOffsetFileName, { ...options, consequence })
}

function readExpendable(
  fileSystem: FileSystem,
  name: string,
  { path, logger, consequence }: ReadOptions & { consequence: string },
): Map<string, number> {
  const file = `${path}/${name}`
  const content = fileSystem.readSmallFile(file)
  if (!content) return new Map()
  try {
    return byName(parseOffsetCheckpoint(content))
  } catch (error) {
    logger.warn({ path: file, error: String(error) }, consequence)
    return new Map()
  }
}

/** By partition directory name. Without them deleted records would come back: a damaged file stops the start. */
export function readLogStartOffsets(fileSystem: FileSystem, path: string): Map<string, number> {
  const file = `${path}/${logStartOffsetFileName}`
  const content = fileSystem.readSmallFile(file)
  if (!content) return new Map()
  try {
    return byName(parseOffsetCheckpoint(content))
  } catch (error) {
    throw new StorageError(
      `The log start offsets are damaged (${error instanceof Error ? error.message : error}). Restore the file from a backup, ` +
        'or remove it if records that were deleted may come back',
      { path: file, code: 'DAMAGED' },
    )
  }
}

function byName(entries: OffsetCheckpointEntry[]): Map<string, number> {
  return new Map(entries.map(entry => [partitionDirectoryName(entry), entry.offset]))
}
