/** Which part of a log may be compacted now, and whether it is due: Apache Kafka's rules (LogCleanerManager). Decides only. */

import type { LogSegment } from '../log-segment.ts'
import type { PartitionLog } from '../partition-log.ts'
import { scanBatches } from '../segment-scan.ts'

const maxRelativeOffset = 2 ** 31 - 1

export interface CleanablePart {
  /** Oldest first, all closed. What lies below `firstDirtyOffset` is clean and is only written anew. */
  segments: LogSegment[]
  firstDirtyOffset: number
  /** Exclusive: where the last of the segments ends. */
  endOffset: number
  /** The share of what is new in what would be written anew. */
  dirtyRatio: number
  isDue: boolean
}

/** Null where nothing is new that may be compacted. Never the active segment, nothing that is not stable, nothing too young. */
export async function findCleanablePart(log: PartitionLog, nowMs: number): Promise<CleanablePart | null> {
  const { config, cleanedOffset, logStartOffset, logEndOffset } = log
  const isKnown = cleanedOffset >= logStartOffset && cleanedOffset <= logEndOffset
  const firstDirtyOffset = isKnown ? cleanedOffset : logStartOffset
  const all = log.segments.slice()
  const segments: LogSegment[] = []
  let endOffset = 0
  let dirtyBytes = 0
  let cleanBytes = 0
  let isOverdue = false
  for (const [i, segment] of all.entries()) {
    const next = all[i + 1]
    if (!segment.isClosed || !next || next.baseOffset > log.lastStableOffset) break
    const isDirty = segment.baseOffset >= firstDirtyOffset
    if (isDirty && (await isTooYoung(segment, nowMs - config.minCompactionLagMs))) break
    if (isDirty) dirtyBytes += segment.sizeInBytes
    else cleanBytes += segment.sizeInBytes
    if (isDirty) isOverdue ||= await beginsBefore(segment, nowMs - config.maxCompactionLagMs)
    segments.push(segment)
    endOffset = next.baseOffset
  }
  if (endOffset <= firstDirtyOffset) return null
  // A pass that ran out of memory has ended inside a segment: that one counts as clean, and the rest of it as due.
  const isUnfinished =
    !all.some(segment => segment.baseOffset === firstDirtyOffset) && firstDirtyOffset > logStartOffset
  const dirtyRatio = dirtyBytes === 0 ? 0 : dirtyBytes / (dirtyBytes + cleanBytes)
  const isDue = isUnfinished || (dirtyBytes > 0 && (isOverdue || dirtyRatio > config.minCleanableDirtyRatio))
  return { segments, firstDirtyOffset, endOffset, dirtyRatio, isDue }
}

async function isTooYoung(segment: LogSegment, latestMs: number): Promise<boolean> {
  const largest = await segment.largestTimestamp()
  return largest !== null && largest.timestamp > latestMs
}

async function beginsBefore(segment: LogSegment, earliestMs: number): Promise<boolean> {
  if (earliestMs <= 0) return false // no limit
  if (segment.firstTimestamp === null) {
    await segment.useFile(file =>
      scanBatches(file, { fromPosition: 0, toPosition: segment.writtenBytes }, batch => {
        segment.firstTimestamp = batch.maxTimestamp
        return false
      }),
    )
  }
  return segment.firstTimestamp !== null && segment.firstTimestamp > 0 && segment.firstTimestamp < earliestMs
}

export interface MeasuredSegment {
  segment: LogSegment
  /** Of the larger of its two index files. */
  indexSizeInBytes: number
}

/**
 * Neighbours that become one segment: together not larger than a segment may be, indexes included, and offsets that an index can hold.
 * `endOffset`: of the last one, exclusive.
 */
export function groupSegments(
  measured: readonly MeasuredSegment[],
  {
    endOffset,
    segmentBytes,
    segmentIndexBytes,
  }: { endOffset: number; segmentBytes: number; segmentIndexBytes: number },
): LogSegment[][] {
  const groups: LogSegment[][] = []
  let sizeInBytes = 0
  let indexSizeInBytes = 0
  for (const [i, { segment, indexSizeInBytes: ownIndexSize }] of measured.entries()) {
    const group = groups.at(-1)
    const nextOffset = measured[i + 1]?.segment.baseOffset ?? endOffset
    sizeInBytes += segment.sizeInBytes
    indexSizeInBytes += ownIndexSize
    const fits =
      group &&
      sizeInBytes <= segmentBytes &&
      indexSizeInBytes <= segmentIndexBytes &&
      nextOffset - 1 - group[0]!.baseOffset <= maxRelativeOffset
    if (fits) {
      group.push(segment)
      continue
    }
    groups.push([segment])
    sizeInBytes = segment.sizeInBytes
    indexSizeInBytes = ownIndexSize
  }
  return groups
}
