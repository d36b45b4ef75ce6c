/** One partition's directory: every segment (verify-segment.ts), the small files beside them, and whether all of it agrees. */

import { parseEpochCheckpoint } from '../checkpoint-file.ts'
import {
  cleanedFileSuffix,
  cutOutFileSuffix,
  deletedFileSuffix,
  leaderEpochFileName,
  parseMetadataSnapshotName,
  parseSegmentFileName,
  partitionDirectoryName,
  partitionMetadataFileName,
  type SegmentFileKind,
  segmentFileName,
  swapFileSuffix,
  type TopicPartition,
  temporaryFileSuffix,
} from '../file-names.ts'
import type { FileSystem } from '../file-system/file-system.ts'
import { parsePartitionMetadata } from '../partition-metadata.ts'
import { parseProducerSnapshot } from '../producer-snapshot.ts'
import { StorageError } from '../storage-error.ts'
import type { Finding, Report } from './findings.ts'
import { scanLogFile } from './log-file-scan.ts'
import { type VerifiedSegment, verifySegment } from './verify-segment.ts'

export interface PartitionToVerify extends TopicPartition {
  fileSystem: FileSystem
  /** The data directory. */
  path: string
  wasCleanStop: boolean
  mayHaveLostPower: boolean
  /** Of the checkpoints; undefined where they don't mention the partition. */
  recoveryPoint: number | undefined
  logStartOffset: number | undefined
  report: Report
}

export interface VerifiedPartition extends TopicPartition {
  segments: number
  batches: number
  records: number
  bytes: number
  logStartOffset: number
  /** Exclusive. */
  logEndOffset: number
}

/** Never rejects for what is wrong with the partition: that is reported. */
export async function verifyPartition(options: PartitionToVerify): Promise<VerifiedPartition> {
  const { topic, partition } = options
  const directory = `${options.path}/${partitionDirectoryName(options)}`
  const total: VerifiedPartition = {
    topic,
    partition,
    segments: 0,
    batches: 0,
    records: 0,
    bytes: 0,
    logStartOffset: options.logStartOffset ?? 0,
    logEndOffset: 0,
  }
  try {
    await new PartitionVerification(options, directory, total).run()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    const { path, positionInBytes, reason } = error
    options.report({
      ...at(path, positionInBytes),
      severity: 'damage',
      message: `${reason}. What lies behind was not looked at`,
    })
  }
  return total
}

const at = (path: string, positionInBytes?: number): Pick<Finding, 'path' | 'positionInBytes'> =>
  positionInBytes === undefined ? { path } : { path, positionInBytes }

const leftovers: Record<string, string> = {
  [deletedFileSuffix]: 'A file that is on its way out. The next start removes it',
  [temporaryFileSuffix]: 'A file that a crash has left. The next start removes it',
  [cleanedFileSuffix]: 'What a compaction had written when it was interrupted. The next start removes it',
  [cutOutFileSuffix]: 'What a repair has cut out. It can be removed when it is of no use any more',
  [swapFileSuffix]: 'A compacted segment that is about to take its place. The next start finishes that',
}

class PartitionVerification {
  readonly #options: PartitionToVerify
  readonly #directory: string
  readonly #total: VerifiedPartition
  #largestEpoch = -1

  constructor(options: PartitionToVerify, directory: string, total: VerifiedPartition) {
    this.#options = options
    this.#directory = directory
    this.#total = total
  }

  async run(): Promise<void> {
    const found: Record<SegmentFileKind, number[]> = { log: [], index: [], timeindex: [], txnindex: [], snapshot: [] }
    for (const { name } of await this.#options.fileSystem.list(this.#directory)) {
      const segmentFile = parseSegmentFileName(name)
      if (segmentFile) found[segmentFile.kind].push(segmentFile.offset)
      else if (parseMetadataSnapshotName(name)) await this.#verifyMetadataSnapshot(`${this.#directory}/${name}`)
      else this.#noteLeftover(name)
    }
    for (const offsets of Object.values(found)) offsets.sort((a, b) => a - b)
    this.#checkTopicId()
    await this.#verifySegments(found.log)
    this.#checkEnds(found.log)
    this.#checkEpochs()
    this.#checkSnapshots(found.snapshot)
    for (const kind of ['index', 'timeindex', 'txnindex'] as const) this.#noteStrayIndexes(kind, found[kind], found.log)
  }

  async #verifySegments(baseOffsets: readonly number[]): Promise<void> {
    const { fileSystem, wasCleanStop, mayHaveLostPower, report, recoveryPoint } = this.#options
    let minBaseOffset = 0
    for (const [i, baseOffset] of baseOffsets.entries()) {
      if (baseOffset < minBaseOffset) {
        const message = `The segment before this one reaches to offset ${minBaseOffset}. The partition is offline until it is repaired`
        report({ severity: 'damage', path: this.#path(baseOffset, 'log'), message })
      }
      const verified: VerifiedSegment = await verifySegment({
        fileSystem,
        baseOffset,
        pathOf: kind => this.#path(baseOffset, kind),
        minBaseOffset,
        nextBaseOffset: baseOffsets[i + 1] ?? null,
        wasCleanStop,
        mayHaveLostPower,
        recoveryPoint: recoveryPoint ?? this.#options.logStartOffset ?? 0,
        report,
        visit: ({ partitionLeaderEpoch }) => {
          this.#largestEpoch = Math.max(this.#largestEpoch, partitionLeaderEpoch)
        },
      })
      minBaseOffset = Math.max(minBaseOffset, verified.endOffset)
      this.#total.segments++
      this.#total.batches += verified.batches
      this.#total.records += verified.records
      this.#total.bytes += verified.bytes
    }
    this.#total.logEndOffset = minBaseOffset
    this.#total.logStartOffset = Math.max(this.#total.logStartOffset, baseOffsets[0] ?? 0)
  }

  async #verifyMetadataSnapshot(path: string): Promise<void> {
    const { fileSystem, report } = this.#options
    const consequence = 'The one before it, and the log, are read instead'
    const file = await fileSystem.open(path, { readOnly: true })
    try {
      let isClosed = false
      let isDamaged = false
      for await (const stretch of scanLogFile(file, { baseOffset: 0 })) {
        if (stretch.kind === 'invalid') {
          isDamaged = true
          const message = `The snapshot is damaged: ${stretch.reason}. ${consequence}`
          report({ severity: 'damage', path, positionInBytes: stretch.position, message })
        }
        isClosed = stretch.kind === 'batch' && stretch.batch.isControl && stretch.position > 0
      }
      if (!isClosed && !isDamaged)
        report({ severity: 'damage', path, message: `The end of the snapshot is missing. ${consequence}` })
    } finally {
      await file.close()
    }
  }

  #checkEnds(baseOffsets: readonly number[]): void {
    const { report, recoveryPoint = 0, logStartOffset = 0 } = this.#options
    const { logEndOffset } = this.#total
    const last = baseOffsets.at(-1)
    if (last === undefined) {
      const message = 'There is no log file. The next start begins an empty one'
      const severity = recoveryPoint > 0 || logStartOffset > 0 ? 'damage' : 'mendable'
      report({
        severity,
        path: this.#directory,
        message: severity === 'damage' ? `${message}: all records are lost` : message,
      })
      return
    }
    const path = this.#path(last, 'log')
    if (logEndOffset < recoveryPoint) {
      const message = `The log ends at offset ${logEndOffset}, although it was flushed up to ${recoveryPoint}`
      report({ severity: 'damage', path, message: `${message}. The partition is offline until it is repaired` })
    }
    if (logEndOffset < logStartOffset) {
      const message = `The log ends at offset ${logEndOffset}, before its start ${logStartOffset}`
      report({ severity: 'damage', path, message: `${message}. The partition is offline until it is repaired` })
    }
  }

  #checkTopicId(): void {
    const { fileSystem, report } = this.#options
    const path = `${this.#directory}/${partitionMetadataFileName}`
    const content = fileSystem.readSmallFile(path)
    if (content && parsePartitionMetadata(content) !== null) return
    const message = `${content ? 'The file is damaged' : 'The file is missing'}: which topic the partition belongs to is not known, and so it is not served`
    report({ severity: 'damage', path, message })
  }

  #checkEpochs(): void {
    const { fileSystem, report } = this.#options
    const path = `${this.#directory}/${leaderEpochFileName}`
    const content = fileSystem.readSmallFile(path)
    const rebuilt = 'It is rebuilt from the batches'
    if (!content) {
      report({ severity: 'mendable', path, message: `The leader epochs are missing. ${rebuilt}` })
      return
    }
    try {
      const known = parseEpochCheckpoint(content).at(-1)?.epoch ?? -1
      if (known >= this.#largestEpoch) return
      const message = `There are batches of leader epoch ${this.#largestEpoch}, the file knows epochs up to ${known}`
      report({ severity: this.#options.wasCleanStop ? 'damage' : 'mendable', path, message })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      report({ severity: 'mendable', path, message: `The leader epochs are damaged: ${reason}. ${rebuilt}` })
    }
  }

  #checkSnapshots(offsets: readonly number[]): void {
    const { fileSystem, report, wasCleanStop } = this.#options
    const { logEndOffset } = this.#total
    for (const offset of offsets) {
      const path = this.#path(offset, 'snapshot')
      const content = fileSystem.readSmallFile(path)
      if (content && parseProducerSnapshot(content) === null) {
        const message = 'The producer snapshot is damaged. The one before it is brought forward by the batches since'
        report({ severity: 'mendable', path, message })
      } else if (offset > logEndOffset) {
        const message = `A producer snapshot of offset ${offset}, behind the end of the log (${logEndOffset}). The next start removes it`
        report({ severity: 'mendable', path, message })
      }
    }
    if (wasCleanStop && logEndOffset > 0 && offsets.length > 0 && offsets.at(-1)! < logEndOffset) {
      const message =
        'There is no producer snapshot at the end of the log. An older one is brought forward by the batches since'
      report({ severity: 'mendable', path: this.#path(logEndOffset, 'snapshot'), message })
    }
  }

  #noteStrayIndexes(kind: SegmentFileKind, offsets: readonly number[], segments: readonly number[]): void {
    for (const offset of offsets) {
      if (segments.includes(offset)) continue
      const path = this.#path(offset, kind)
      this.#options.report({ severity: 'notice', path, message: 'An index without its log file. It is of no use' })
    }
  }

  #noteLeftover(name: string): void {
    const known = [leaderEpochFileName, partitionMetadataFileName]
    if (known.includes(name)) return
    const suffix = Object.keys(leftovers).find(suffix => name.endsWith(suffix))
    const message = suffix ? leftovers[suffix]! : 'A file of another kind. It is left alone'
    this.#options.report({ severity: 'notice', path: `${this.#directory}/${name}`, message })
  }

  #path(offset: number, kind: SegmentFileKind): string {
    return `${this.#directory}/${segmentFileName(offset, kind)}`
  }
}
