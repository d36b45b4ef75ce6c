/**
 * Finding offsets by time, as ListOffsets asks for them: to the record, not to the batch. Indexes tell where to begin, batch headers
 * which batch it is, and only that batch's records are read.
 */

import type { RecordBatch } from '@ottla/protocol'
import type { LogSegment } from './log-segment.ts'
import { scanBatches } from './segment-scan.ts'

export interface TimestampedOffset {
  offset: number
  timestamp: number
  leaderEpoch: number
}

export interface TimestampSearchOptions {
  /** Records below are gone. */
  logStartOffset: number
  /** Records at or above are not to be seen. */
  endOffset: number
  maxDecompressedBytes: number
}

/** The first record with this timestamp or a later one, wherever timestamps go back. Null where there is none. */
export async function findTimestamp(
  segments: readonly LogSegment[],
  timestamp: number,
  options: TimestampSearchOptions,
): Promise<TimestampedOffset | null> {
  for (const segment of segments) {
    const largest = await segment.largestTimestamp()
    if (!largest || largest.timestamp < timestamp) continue
    const fromOffset = Math.max(await segment.offsetBeforeTimestamp(timestamp), options.logStartOffset)
    const found = await searchSegment(segment, fromOffset, batch =>
      batch.maxTimestamp >= timestamp ? firstRecord(batch, record => record.timestamp >= timestamp, options) : null,
    )
    if (found) return found.offset < options.endOffset ? found : null
  }
  return null
}

/** The first record that has the largest timestamp of the log. Null where no record has a timestamp. */
export async function findLargestTimestamp(
  segments: readonly LogSegment[],
  options: TimestampSearchOptions,
): Promise<TimestampedOffset | null> {
  let best: { segment: LogSegment; timestamp: number } | null = null
  for (const segment of segments) {
    const largest = await segment.largestTimestamp()
    if (largest && largest.timestamp > (best?.timestamp ?? -1)) best = { segment, timestamp: largest.timestamp }
  }
  return best && findTimestamp([best.segment], best.timestamp, options)
}

async function searchSegment(
  segment: LogSegment,
  fromOffset: number,
  check: (batch: RecordBatch) => TimestampedOffset | null,
): Promise<TimestampedOffset | null> {
  const range = { fromPosition: await segment.positionFor(fromOffset), toPosition: segment.writtenBytes }
  let found: TimestampedOffset | null = null
  await segment.useFile(file =>
    scanBatches(file, range, batch => {
      if (batch.nextOffset <= fromOffset) return true
      found = check(batch)
      return found === null
    }),
  )
  return found
}

function firstRecord(
  batch: RecordBatch,
  matches: (record: { timestamp: number }) => boolean,
  { logStartOffset, maxDecompressedBytes }: TimestampSearchOptions,
): TimestampedOffset | null {
  for (const record of batch.records({ maxDecompressedBytes })) {
    if (record.offset >= logStartOffset && matches(record)) {
      return { offset: record.offset, timestamp: record.timestamp, leaderEpoch: batch.partitionLeaderEpoch }
    }
  }
  return null
}
