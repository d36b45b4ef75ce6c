/**
 * Opens a partition's directory: finds the segments, where the log ends, what is known of producers and epochs. After a clean stop
 * nothing is scanned but the bytes behind the last index entry. After an unclean one everything from the segment of the recovery
 * point on is checked (recovery.ts), and what is found there is flushed before anybody sees it.
 */

import { type EpochEntry, parseEpochCheckpoint } from './checkpoint-file.ts'
import { mapLimited } from './coalesce.ts'
import { writeNewFile } from './durable-file.ts'
import type { Logger } from './environment.ts'
import {
  deletedFileSuffix,
  leaderEpochFileName,
  parseSegmentFileName,
  type SegmentFileKind,
  segmentFileName,
  temporaryFileSuffix,
} from './file-names.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { LogSegment, type SegmentContext } from './log-segment.ts'
import { maxUnflushedBytes } from './log-writer.ts'
import type { LogContent } from './partition-log.ts'
import { parseProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import { recoverFile, writeAgain } from './recovery.ts'
import { assertReachesNext } from './segment-end.ts'
import { scanBatches } from './segment-scan.ts'
import { recoverSwap } from './segment-swap.ts'
import { StorageError } from './storage-error.ts'
import { readTransactionIndex, writeTransactionIndex } from './transaction-index-file.ts'

/** What was left behind by a crash or waits for its removal. */
const leftoverSuffixes = [deletedFileSuffix, temporaryFileSuffix]

/** Of one partition, looked at at the same time. */
const maxConcurrentFiles = 8

/** Of logs up to this size the whole is read rather than two indexes and the rest. */
const smallLogSizeInBytes = 64 * 1024

export interface LoadOptions {
  segmentContext: SegmentContext
  logger: Logger
  /** `orders-0`, for messages. */
  name: string
  wasCleanStop: boolean
  /** Offsets of the checkpoints; undefined where they don't mention the partition. */
  recoveryPoint: number | undefined
  logStartOffset: number | undefined
  mayHaveLostPower: boolean
}

/** Throws a StorageError when the partition can't be served. */
export async function loadPartition(options: LoadOptions): Promise<LogContent> {
  const { segmentContext, wasCleanStop } = options
  const files = await listFiles(segmentContext)
  const segments = await openSegments(options, files.log)
  const active = segments.at(-1)!
  const logStartOffset = Math.max(options.logStartOffset ?? 0, segments[0]!.baseOffset)
  const neighbours = segments.slice(1).map((next, i) => ({ segment: segments[i]!, next }))
  await mapLimited(neighbours, maxConcurrentFiles, pair => assertReachesNext(segmentContext.fileSystem, pair))
  const epochFile = readEpochs(segmentContext)
  const leaderEpochs = new LeaderEpochs(epochFile ?? [])
  const producers = new ProducerState()
  let snapshotOffset: number
  let logEndOffset: number
  if (wasCleanStop) {
    logEndOffset = await findEnd(active)
    const { recoveryPoint = 0 } = options
    if (logEndOffset < recoveryPoint) {
      throw new StorageError(`The log ends at offset ${logEndOffset}, although ${recoveryPoint} was flushed`, {
        path: active.path,
        positionInBytes: active.writtenBytes,
        code: 'DAMAGED',
      })
    }
    await loadAbortedTransactions(options, { producers, segments, snapshots: files.snapshot, endOffset: logEndOffset })
    snapshotOffset = await loadProducers(options, {
      producers,
      segments,
      snapshots: files.snapshot,
      upTo: logEndOffset,
    })
  } else {
    const recoveryPoint = Math.max(options.recoveryPoint ?? logStartOffset, logStartOffset)
    const first = Math.max(
      0,
      segments.findLastIndex(segment => segment.baseOffset <= recoveryPoint),
    )
    const upTo = segments[first]!.baseOffset
    const closed = segments.slice(0, first)
    await loadAbortedTransactions(options, { producers, segments: closed, snapshots: files.snapshot, endOffset: upTo })
    snapshotOffset = await loadProducers(options, { producers, segments, snapshots: files.snapshot, upTo })
    logEndOffset = await recoverSegments(options, { segments, first, recoveryPoint, producers, leaderEpochs })
  }
  if (logEndOffset < logStartOffset) {
    throw new StorageError(`The log ends at offset ${logEndOffset}, before its start ${logStartOffset}`, {
      path: active.path,
      code: 'DAMAGED',
    })
  }
  if (epochFile === null) await rebuildEpochs(segments, leaderEpochs)
  const areLeaderEpochsNew = leaderEpochs.latest < 0 || !wasCleanStop
  const leaderEpoch = leaderEpochs.latest + (areLeaderEpochsNew ? 1 : 0)
  leaderEpochs.truncateFromEnd(logEndOffset + 1)
  leaderEpochs.truncateFromStart(logStartOffset)
  leaderEpochs.assign({ epoch: leaderEpoch, startOffset: logEndOffset }) // the epoch never goes back
  await removeStraySnapshots(segmentContext, {
    snapshots: files.snapshot,
    segments,
    newest: snapshotOffset,
    logEndOffset,
  })
  return { segments, logStartOffset, logEndOffset, snapshotOffset, producers, leaderEpochs, areLeaderEpochsNew }
}

type FoundFiles = Record<SegmentFileKind, number[]>

async function listFiles({ fileSystem, directory }: SegmentContext): Promise<FoundFiles> {
  const found: FoundFiles = { log: [], index: [], timeindex: [], txnindex: [], snapshot: [] }
  const listed = (await fileSystem.list(directory)).map(({ name }) => name)
  const names = await recoverSwap({ fileSystem, directory }, listed)
  for (const name of names) {
    if (leftoverSuffixes.some(suffix => name.endsWith(suffix))) await fileSystem.remove(`${directory}/${name}`)
    const parsed = parseSegmentFileName(name)
    if (parsed) found[parsed.kind].push(parsed.offset)
  }
  // A crash may keep the names of a removed segment's indexes (retention, compaction, truncation): nothing reads them any more.
  const logs = new Set(found.log)
  for (const kind of ['index', 'timeindex', 'txnindex'] as const) {
    for (const offset of found[kind]) {
      if (!logs.has(offset)) await fileSystem.remove(`${directory}/${segmentFileName(offset, kind)}`)
    }
  }
  for (const offsets of Object.values(found)) offsets.sort((a, b) => a - b)
  return found
}

async function openSegments(
  { segmentContext, logStartOffset }: LoadOptions,
  baseOffsets: number[],
): Promise<LogSegment[]> {
  const { fileSystem, directory } = segmentContext
  if (baseOffsets.length === 0) {
    // The process ended while the partition was being created.
    baseOffsets = [logStartOffset ?? 0]
    await writeNewFile(fileSystem, `${directory}/${segmentFileName(baseOffsets[0]!, 'log')}`, Buffer.alloc(0))
    await fileSystem.syncDirectory(directory)
  }
  const segments: LogSegment[] = []
  for (const baseOffset of baseOffsets) {
    const path = `${directory}/${segmentFileName(baseOffset, 'log')}`
    const status = await fileSystem.stat(path)
    if (status?.kind !== 'file') throw new StorageError('A log segment is not a file', { path, code: 'DAMAGED' })
    const segment = new LogSegment(segmentContext, { baseOffset, createdMs: status.modifiedMs, rollJitterMs: 0 })
    segment.sizeInBytes = status.sizeInBytes
    segment.writtenBytes = status.sizeInBytes
    segment.isClosed = true
    segments.push(segment)
  }
  segments.at(-1)!.isClosed = false
  return segments
}

/** The log end offset of a log that was stopped cleanly. */
async function findEnd(active: LogSegment): Promise<number> {
  if (active.sizeInBytes === 0) {
    active.startEmpty()
    return active.baseOffset
  }
  if (active.sizeInBytes <= smallLogSizeInBytes) return active.rebuildBooks()
  const fromPosition = await active.lastIndexedPosition()
  let endOffset = active.baseOffset
  const { sizeInBytes } = active
  await active.useFile(async file => {
    await scanBatches(file, { fromPosition: 0, toPosition: sizeInBytes }, batch => {
      active.firstTimestamp = batch.maxTimestamp
      return false
    })
    await scanBatches(file, { fromPosition, toPosition: sizeInBytes }, batch => {
      endOffset = batch.nextOffset
    })
  })
  return endOffset
}

/**
 * Loads the newest valid snapshot at or below `upTo` and brings it forward to there by the batches in between. Returns the
 * snapshot's offset, -1 without one.
 */
async function loadProducers(
  { segmentContext, logger, name }: LoadOptions,
  options: { producers: ProducerState; segments: LogSegment[]; snapshots: number[]; upTo: number },
): Promise<number> {
  const { fileSystem, directory } = segmentContext
  const { producers, segments, upTo } = options
  let snapshotOffset = -1
  for (const offset of options.snapshots.filter(offset => offset <= upTo).reverse()) {
    const path = `${directory}/${segmentFileName(offset, 'snapshot')}`
    const content = fileSystem.readSmallFile(path)
    const entries = content && parseProducerSnapshot(content)
    if (entries) {
      producers.load(entries)
      snapshotOffset = offset
      break
    }
    logger.warn({ partition: name, path }, 'a producer snapshot is damaged: rebuilding from an older one')
    await fileSystem.remove(path)
  }
  for (const [index, segment] of segments.entries()) {
    const endOffset = segments[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY
    if (endOffset <= snapshotOffset || segment.baseOffset >= upTo || snapshotOffset === upTo) continue
    const fromPosition = snapshotOffset > segment.baseOffset ? await segment.positionFor(snapshotOffset) : 0
    await segment.useFile(file =>
      scanBatches(file, { fromPosition, toPosition: segment.writtenBytes }, batch => {
        if (batch.baseOffset >= upTo) return false
        if (batch.producerId >= 0 && batch.baseOffset >= snapshotOffset) producers.record(batch)
        return true
      }),
    )
  }
  return snapshotOffset
}

/** From the segments' transaction indexes; one that is damaged is made anew from the log. */
async function loadAbortedTransactions(
  options: LoadOptions,
  log: { producers: ProducerState; segments: LogSegment[]; snapshots: number[]; endOffset: number },
): Promise<void> {
  const { segmentContext, logger, name } = options
  const { producers, segments } = log
  for (const [index, segment] of segments.entries()) {
    const endOffset = segments[index + 1]?.baseOffset ?? log.endOffset
    let entries = await readTransactionIndex(segmentContext, { segment, endOffset })
    if (!entries) {
      logger.warn(
        { partition: name, path: segment.filePath('txnindex') },
        'a transaction index is damaged: rebuilding it',
      )
      const rebuilt = new ProducerState()
      const snapshots = log.snapshots.filter(offset => offset <= segment.baseOffset)
      await loadProducers(options, { producers: rebuilt, segments, snapshots, upTo: endOffset })
      entries = rebuilt.aborted.endingWithin(segment.baseOffset, endOffset)
    }
    for (const entry of entries) producers.aborted.add(entry)
  }
}

/** Checks the segments from `first` on, rebuilds their indexes, cuts a torn tail. Returns the log end offset. */
async function recoverSegments(
  options: LoadOptions,
  log: {
    segments: LogSegment[]
    first: number
    recoveryPoint: number
    producers: ProducerState
    leaderEpochs: LeaderEpochs
  },
): Promise<number> {
  const { segmentContext, logger, name, mayHaveLostPower } = options
  const { segments, recoveryPoint, producers, leaderEpochs } = log
  const { fileSystem, directory, config } = segmentContext
  let endOffset = segments[log.first]!.baseOffset
  for (let i = log.first; i < segments.length; i++) {
    const segment = segments[i]!
    const isLast = i === segments.length - 1
    const { baseOffset } = segment
    if (baseOffset < endOffset) {
      throw new StorageError(`The segment before this one reaches to offset ${endOffset}`, {
        path: segment.path,
        code: 'DAMAGED',
      })
    }
    segment.startEmpty()
    segment.sizeInBytes = 0
    await segment.useFile(async file => {
      const maxBatchSizeInBytes = Math.max(config.maxMessageBytes, 1024 * 1024)
      const expected = { baseOffset, recoveryPoint, isLast, mayHaveLostPower, maxBatchSizeInBytes }
      let unflushedPosition = 0
      const recovered = await recoverFile(file, expected, batch => {
        if (batch.nextOffset <= recoveryPoint) unflushedPosition = segment.sizeInBytes + batch.sizeInBytes
        segment.account(batch)
        if (batch.producerId >= 0) producers.record(batch)
        leaderEpochs.assign({ epoch: batch.partitionLeaderEpoch, startOffset: batch.baseOffset })
      })
      endOffset = recovered.endOffset
      if (recovered.excessBytes > 0) {
        await file.truncate(recovered.validBytes)
        logger.warn(
          {
            partition: name,
            path: segment.path,
            position: recovered.validBytes,
            bytes: recovered.excessBytes,
            endOffset,
          },
          `cut ${recovered.excessBytes} bytes off the end of ${name}: ${whatWasCut(options)}`,
        )
      }
      // Also where the power may have been lost: that may only be what could not be ruled out.
      if (isLast) {
        const fromPosition = Math.max(
          unflushedPosition,
          recovered.validBytes - maxUnflushedBytes - maxBatchSizeInBytes,
          0,
        )
        await writeAgain(file, { fromPosition, toPosition: recovered.validBytes })
      }
      await file.datasync()
      segment.writtenBytes = recovered.validBytes
    })
    if (isLast) continue
    await segment.writeIndexes()
    await writeTransactionIndex(segmentContext, { segment, endOffset, aborted: producers.aborted })
  }
  await fileSystem.syncDirectory(directory)
  return endOffset
}

/** What is known of bytes that are no whole record batch, with nothing valid behind them that was flushed. */
function whatWasCut({
  mayHaveLostPower,
  recoveryPoint,
}: {
  mayHaveLostPower: boolean
  recoveryPoint: number | undefined
}): string {
  if (recoveryPoint === undefined) {
    return 'they are no whole record batch; up to where the log was flushed is not known, since its recovery point is not'
  }
  return mayHaveLostPower
    ? 'they were not flushed yet when the power or the system failed; nothing that was acknowledged with acks=all is lost'
    : 'they were being written when the process stopped; nothing that was acknowledged with acks=all is lost'
}

/** Null when the file is missing or damaged. */
function readEpochs({ fileSystem, directory }: SegmentContext): EpochEntry[] | null {
  const content = fileSystem.readSmallFile(`${directory}/${leaderEpochFileName}`)
  if (!content) return null
  try {
    return parseEpochCheckpoint(content)
  } catch {
    return null // rebuilt from the batches, which carry their epochs
  }
}

async function rebuildEpochs(segments: LogSegment[], leaderEpochs: LeaderEpochs): Promise<void> {
  const found: EpochEntry[] = []
  for (const segment of segments) {
    await segment.useFile(file =>
      scanBatches(file, { fromPosition: 0, toPosition: segment.writtenBytes }, batch => {
        const epoch = batch.partitionLeaderEpoch
        if (epoch > (found.at(-1)?.epoch ?? -1)) found.push({ epoch, startOffset: batch.baseOffset })
      }),
    )
  }
  leaderEpochs.replace(found)
}

/** Snapshots stand at the base offsets of segments and, one, at the end. */
async function removeStraySnapshots(
  { fileSystem, directory }: SegmentContext,
  options: { snapshots: number[]; segments: LogSegment[]; newest: number; logEndOffset: number },
): Promise<void> {
  const kept = new Set([options.newest, ...options.segments.map(segment => segment.baseOffset)])
  for (const offset of options.snapshots) {
    if (kept.has(offset) && offset <= options.logEndOffset) continue
    await fileSystem.remove(`${directory}/${segmentFileName(offset, 'snapshot')}`)
  }
}
