/**
 * What stands in a file of a data directory, whatever kind it is, told by its name: entry by entry, with positions. Read only; a damaged
 * file is shown as far as it goes, and what is damaged is said.
 */

import { basename, dirname } from 'node:path'
import type { RecordBatch } from '@ottla/protocol'
import { parseEpochCheckpoint, parseOffsetCheckpoint } from '../checkpoint-file.ts'
import {
  bootIdFileName,
  cleanedFileSuffix,
  cleanedOffsetFileName,
  cleanShutdownFileName,
  deletedFileSuffix,
  leaderEpochFileName,
  logStartOffsetFileName,
  metaPropertiesFileName,
  parseMetadataSnapshotName,
  parsePartitionDirectoryName,
  parseSegmentFileName,
  partitionMetadataFileName,
  recoveryPointFileName,
  swapFileSuffix,
  temporaryFileSuffix,
} from '../file-names.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import { nodeFileSystem } from '../file-system/node-file-system.ts'
import { parseProducerSnapshot } from '../producer-snapshot.ts'
import { StorageError } from '../storage-error.ts'
import { parseTransactionIndex } from '../transaction-index.ts'
import { dumpRecords } from './dump-records.ts'
import { hasWholeEntries, offsetIndexEntries, timeIndexEntries } from './index-entries.ts'
import { scanLogFile } from './log-file-scan.ts'

export interface DumpEntry {
  type: string
  /** As JSON can have them. */
  fields: Record<string, unknown>
  /** It is not as it should be. */
  isDamage?: boolean
}

export interface DumpOptions {
  path: string
  fileSystem?: FileSystem
  /** Records too, not only their batches; default true. */
  hasRecords?: boolean
  /** Batches that end below are left out. */
  fromOffset?: number
}

/** Rejects with a StorageError where there is no such file, or its name is none of a data directory's. */
export async function* dumpFile(options: DumpOptions): AsyncGenerator<DumpEntry> {
  const { path, fileSystem = nodeFileSystem } = options
  const status = await fileSystem.stat(path)
  if (status?.kind !== 'file') throw new StorageError('There is no such file', { path, code: 'ENOENT' })
  const name = nameWithoutState(basename(path))
  const segmentFile = parseSegmentFileName(name)
  if (segmentFile?.kind === 'log') return yield* dumpLog(fileSystem, options, segmentFile.offset)
  if (parseMetadataSnapshotName(name)) return yield* dumpLog(fileSystem, options, 0)
  const content = (await fileSystem.readFile(path)) ?? Buffer.alloc(0)
  if (segmentFile) return yield* dumpSegmentFile(content, segmentFile)
  const dumpSmall = smallFiles[name]
  if (!dumpSmall) {
    throw new StorageError('No file of a data directory has such a name', { path, code: 'UNKNOWN_FILE' })
  }
  yield* withDamage(() => dumpSmall(content))
}

/** Files that are on their way in or out have a suffix behind their name. */
function nameWithoutState(name: string): string {
  const suffix = [deletedFileSuffix, cleanedFileSuffix, swapFileSuffix, temporaryFileSuffix].find(suffix =>
    name.endsWith(suffix),
  )
  return suffix ? name.slice(0, -suffix.length) : name
}

async function* dumpLog(
  fileSystem: FileSystem,
  { path, hasRecords = true, fromOffset = 0 }: DumpOptions,
  baseOffset: number,
): AsyncGenerator<DumpEntry> {
  const topic = parsePartitionDirectoryName(basename(dirname(path)))?.topic ?? null
  const file = await fileSystem.open(path, { readOnly: true })
  try {
    for await (const stretch of scanLogFile(file, { baseOffset })) {
      if (stretch.kind === 'invalid') {
        const { position, end, reason } = stretch
        yield { type: 'invalid', isDamage: true, fields: { position, bytes: end - position, reason } }
      } else if (stretch.batch.nextOffset > fromOffset) {
        yield batchEntry(stretch.batch, stretch.position)
        if (hasRecords) yield* dumpRecords(stretch.batch, topic)
      }
    }
  } finally {
    await file.close()
  }
}

function batchEntry(batch: RecordBatch, position: number): DumpEntry {
  const { baseOffset, lastOffset, sizeInBytes, recordCount, maxTimestamp, timestampType, compression, crc } = batch
  const { partitionLeaderEpoch, producerId, producerEpoch, baseSequence, lastSequence } = batch
  const fields = {
    position,
    baseOffset,
    lastOffset,
    recordCount,
    sizeInBytes,
    partitionLeaderEpoch,
    ...(batch.hasDeleteHorizon && { deleteHorizonMs: batch.baseTimestamp }),
    maxTimestamp,
    timestampType,
    compression,
    ...(producerId >= 0 && { producerId, producerEpoch, baseSequence, lastSequence }),
    ...(batch.isTransactional && { isTransactional: true }),
    ...(batch.isControl && { isControl: true }),
    crc,
  }
  return { type: 'batch', fields }
}

function* dumpSegmentFile(
  content: Buffer,
  { kind, offset: baseOffset }: NonNullable<ReturnType<typeof parseSegmentFileName>>,
): Generator<DumpEntry> {
  if (kind === 'index' || kind === 'timeindex') {
    const entries = kind === 'index' ? offsetIndexEntries(content, baseOffset) : timeIndexEntries(content, baseOffset)
    for (const { at: _, ...fields } of entries) yield { type: 'entry', fields }
    if (!hasWholeEntries(content, kind)) yield damage('the file does not consist of whole entries')
  } else if (kind === 'txnindex') {
    const transactions = parseTransactionIndex(content)
    for (const transaction of transactions ?? []) yield { type: 'aborted transaction', fields: { ...transaction } }
    if (!transactions) yield damage('no transaction index')
  } else {
    const producers = parseProducerSnapshot(content)
    for (const { batches, ...producer } of producers ?? []) {
      const { lastSequence = -1, lastOffset = -1, baseOffset = -1 } = batches.at(-1) ?? {}
      yield { type: 'producer', fields: { ...producer, lastSequence, lastBatch: [baseOffset, lastOffset] } }
    }
    if (!producers) yield damage('no producer snapshot, or its CRC does not fit')
  }
}

/** By name. What a parser throws is damage. */
const smallFiles: Record<string, (content: Buffer) => Iterable<DumpEntry>> = {
  [recoveryPointFileName]: dumpOffsets,
  [logStartOffsetFileName]: dumpOffsets,
  [cleanedOffsetFileName]: dumpOffsets,
  [leaderEpochFileName]: content =>
    parseEpochCheckpoint(content).map(entry => ({ type: 'epoch', fields: { ...entry } })),
  [metaPropertiesFileName]: dumpText,
  [partitionMetadataFileName]: dumpText,
  [cleanShutdownFileName]: dumpText,
  [bootIdFileName]: dumpText,
}

function dumpOffsets(content: Buffer): DumpEntry[] {
  return parseOffsetCheckpoint(content).map(entry => ({ type: 'offset', fields: { ...entry } }))
}

function dumpText(content: Buffer): DumpEntry[] {
  const lines = content.toString('utf8').split(/\r?\n/)
  return lines.filter(line => line !== '').map(line => ({ type: 'line', fields: { text: line } }))
}

function* withDamage(entries: () => Iterable<DumpEntry>): Generator<DumpEntry> {
  try {
    yield* entries()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    yield damage(error.message)
  }
}

function damage(reason: string): DumpEntry {
  return { type: 'invalid', isDamage: true, fields: { reason } }
}
