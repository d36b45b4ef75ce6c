/** A topic's settings as far as its logs care. Names are Kafka's (`segment.bytes` → `segmentBytes`), defaults are Kafka's. */

import type { Compression } from '@ottla/protocol'

export interface LogConfig {
  /** `cleanup.policy` contains `delete`. */
  cleanupDelete: boolean
  /** `cleanup.policy` contains `compact`: every record needs a key. */
  cleanupCompact: boolean
  /** `compression.type`; `producer` keeps what the client chose. */
  compressionType: 'producer' | Compression
  /** `delete.retention.ms`: how long a tombstone stays after it was first compacted. */
  deleteRetentionMs: number
  /** `file.delete.delay.ms` */
  fileDeleteDelayMs: number
  /** `index.interval.bytes` */
  indexIntervalBytes: number
  /** `max.compaction.lag.ms`: the longest that a record may stay without being compacted. */
  maxCompactionLagMs: number
  /** `max.message.bytes`: the largest record batch, header included. */
  maxMessageBytes: number
  /** `message.timestamp.after.max.ms` */
  messageTimestampAfterMaxMs: number
  /** `message.timestamp.before.max.ms` */
  messageTimestampBeforeMaxMs: number
  /** `message.timestamp.type` */
  messageTimestampType: 'CreateTime' | 'LogAppendTime'
  /** `min.cleanable.dirty.ratio`: the share of a log that has to be new before it is compacted. */
  minCleanableDirtyRatio: number
  /** `min.compaction.lag.ms`: the shortest that a record stays as it is. */
  minCompactionLagMs: number
  /** `retention.bytes`, -1: no limit */
  retentionBytes: number
  /** `retention.ms`, -1: no limit */
  retentionMs: number
  /** `segment.bytes` */
  segmentBytes: number
  /** `segment.index.bytes` */
  segmentIndexBytes: number
  /** `segment.jitter.ms` */
  segmentJitterMs: number
  /** `segment.ms` */
  segmentMs: number
}

export const defaultLogConfig: Readonly<LogConfig> = {
  cleanupDelete: true,
  cleanupCompact: false,
  compressionType: 'producer',
  deleteRetentionMs: 86_400_000,
  fileDeleteDelayMs: 60_000,
  indexIntervalBytes: 4096,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  maxMessageBytes: 1_048_588,
  messageTimestampAfterMaxMs: 3_600_000,
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampType: 'CreateTime',
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  segmentBytes: 1_073_741_824,
  segmentIndexBytes: 10_485_760,
  segmentJitterMs: 0,
  segmentMs: 604_800_000,
}
