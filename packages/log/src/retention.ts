/** Which segments are past their time: whole segments, oldest first. Decides only; removing them is the log's. */

import type { LogConfig } from './log-config.ts'

export interface SegmentFacts {
  sizeInBytes: number
  /** Of its records, or when it was created where none has a timestamp. */
  largestTimestampMs: number
}

/** How many segments from the front `retention.ms` and `retention.bytes` give up; all of them where all are too old. */
export function expiredSegmentCount(segments: readonly SegmentFacts[], config: LogConfig, nowMs: number): number {
  if (!config.cleanupDelete) return 0
  return Math.max(countTooOld(segments, config, nowMs), countTooMuch(segments, config))
}

function countTooOld(segments: readonly SegmentFacts[], { retentionMs }: LogConfig, nowMs: number): number {
  if (retentionMs < 0) return 0
  const firstKept = segments.findIndex(
    ({ largestTimestampMs, sizeInBytes }) => sizeInBytes === 0 || nowMs - largestTimestampMs <= retentionMs,
  )
  return firstKept < 0 ? segments.length : firstKept
}

/** A segment goes only when what remains still reaches the limit. */
function countTooMuch(segments: readonly SegmentFacts[], { retentionBytes }: LogConfig): number {
  if (retentionBytes < 0) return 0
  let excessBytes = segments.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0) - retentionBytes
  let count = 0
  while (count < segments.length - 1 && excessBytes - segments[count]!.sizeInBytes >= 0) {
    excessBytes -= segments[count]!.sizeInBytes
    count++
  }
  return count
}
