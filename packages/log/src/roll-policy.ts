/** When the active segment gives way to a new one: `segment.bytes`, `segment.ms`, a full index, offsets too far from the base. */

import type { RecordBatch } from '@ottla/protocol'
import type { LogConfig } from './log-config.ts'
import type { LogSegment } from './log-segment.ts'

export interface RollQuestion {
  segment: LogSegment
  /** What is to be appended, with its offsets. */
  batch: RecordBatch
  config: LogConfig
  nowMs: number
}

export function shouldRoll({ segment, batch, config, nowMs }: RollQuestion): boolean {
  if (!segment.canHold(batch.lastOffset)) return true
  if (segment.sizeInBytes === 0) return false
  return (
    segment.sizeInBytes + batch.sizeInBytes > config.segmentBytes ||
    ageMs(segment, batch, nowMs) > maxSegmentMs(config) - segment.rollJitterMs ||
    segment.isFull
  )
}

/** An active segment is never compacted: so it may not grow older than compaction may wait. */
function maxSegmentMs({ cleanupCompact, maxCompactionLagMs, segmentMs }: LogConfig): number {
  return cleanupCompact ? Math.min(maxCompactionLagMs, segmentMs) : segmentMs
}

/** By the records' time where they have one, so that a log that is copied later rolls in the same places. */
function ageMs({ firstTimestamp, createdMs }: LogSegment, batch: RecordBatch, nowMs: number): number {
  if (firstTimestamp !== null && firstTimestamp >= 0) return batch.maxTimestamp - firstTimestamp
  return nowMs - createdMs
}
