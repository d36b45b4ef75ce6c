/**
 * The first half of a backup, inside the running broker: all partitions at one moment, as a loss of power at that moment would have left
 * them. Taken in one turn of the event loop, so no record, committed offset or topic is in it without what it builds on; and nothing but
 * links, so that the broker is not held up. The second half, the copying, is another process's work (copy-backup.ts).
 */

import { formatOffsetCheckpoint } from '../checkpoint-file.ts'
import { mapLimited } from '../coalesce.ts'
import { writeNewFile } from '../durable-file.ts'
import {
  cleanedOffsetFileName,
  deletedDirectoryName,
  logStartOffsetFileName,
  metaPropertiesFileName,
  partitionDirectoryName,
  recoveryPointFileName,
} from '../file-names.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import type { PartitionLog } from '../partition-log.ts'
import { StorageError } from '../storage-error.ts'
import type { HeldPartition } from './held-files.ts'

/** As JSON can have it: it goes to the process that copies. */
export interface PreparedBackup {
  /** Where everything is held, inside the data directory. To be removed afterwards; a start removes what a crash has left. */
  path: string
  /** Log end offsets (exclusive) by partition directory name. */
  endOffsets: Record<string, number>
  /** Partition directory names, with the reason: these are offline. */
  leftOut: Record<string, string>
}

export interface PrepareOptions {
  fileSystem: FileSystem
  /** The data directory. */
  path: string
  logs: Iterable<PartitionLog>
  uniqueId: string
}

/** Links that are made at the same time. */
const maxConcurrentPartitions = 4

/** Rejects with a StorageError, leaving nothing behind. */
export async function prepareBackup({ fileSystem, path, logs, uniqueId }: PrepareOptions): Promise<PreparedBackup> {
  // A name that Apache Kafka and we ourselves take for what is left of a deleted partition.
  const target = `${path}/${deletedDirectoryName({ topic: 'ottla.backup', partition: 0 }, uniqueId)}`
  const leftOut: Record<string, string> = {}
  const held: HeldPartition[] = []
  for (const log of logs) {
    const name = partitionDirectoryName(log)
    if (log.offlineReason) leftOut[name] = log.offlineReason.message
    else held.push(log.holdFiles(`${target}/${name}`))
  }
  try {
    await fileSystem.makeDirectory(target)
    await mapLimited(held, maxConcurrentPartitions, partition => partition.link())
    await writeCheckpoints(fileSystem, target, held)
    const identity = await fileSystem.readFile(`${path}/${metaPropertiesFileName}`)
    if (!identity)
      throw new StorageError('The file is gone', { path: `${path}/${metaPropertiesFileName}`, code: 'ENOENT' })
    await writeNewFile(fileSystem, `${target}/${metaPropertiesFileName}`, identity)
  } catch (error) {
    for (const partition of held) partition.letGo()
    await fileSystem.removeDirectory(target)
    throw error
  }
  const endOffsets = Object.fromEntries(held.map(each => [partitionDirectoryName(each), each.endOffset]))
  return { path: target, endOffsets, leftOut }
}

/** What is copied is flushed: the recovery points are the ends, and a copy that is too short is noticed. */
async function writeCheckpoints(fileSystem: FileSystem, target: string, held: readonly HeldPartition[]): Promise<void> {
  const write = async (name: string, offsetOf: (partition: HeldPartition) => number) => {
    const entries = held.map(each => ({ topic: each.topic, partition: each.partition, offset: offsetOf(each) }))
    const content = formatOffsetCheckpoint(entries.filter(({ offset }) => offset > 0))
    await writeNewFile(fileSystem, `${target}/${name}`, content)
  }
  await write(recoveryPointFileName, ({ endOffset }) => endOffset)
  await write(logStartOffsetFileName, ({ logStartOffset }) => logStartOffset)
  await write(cleanedOffsetFileName, ({ cleanedOffset }) => cleanedOffset)
}
