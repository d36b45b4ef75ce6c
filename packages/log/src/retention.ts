/** Which segments are past their time: whole segments, oldest first. Decides only; removing them is the log's. */

import type { LogConfig } from './log-config.ts'

/** Of a segment whose records' largest timestamp (or, where none has one, whose creation) is given: `retention.ms`. */
export function isTooOld(
  largestTimestampMs: number,
  { cleanupDelete, retentionMs }: LogConfig,
  nowMs: number,
): boolean {
  return cleanupDelete && retentionMs >= 0 && nowMs - largestTimestampMs > retentionMs
}

/** How many segments from the front `retention.bytes` gives up: one goes only when what remains still reaches the limit. */
export function countBeyondRetentionBytes(
  sizesInBytes: readonly number[],
  { cleanupDelete, retentionBytes }: LogConfig,
): number {
  if (!cleanupDelete || retentionBytes < 0) return 0
  let excessBytes = sizesInBytes.reduce((sum, size) => sum + size, 0) - retentionBytes
  let count = 0
  while (count < sizesInBytes.length - 1 && excessBytes - sizesInBytes[count]! >= 0) {
    excessBytes -= sizesInBytes[count]!
    count++
  }
  return count
}
