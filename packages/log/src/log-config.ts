/** A topic's settings as far as its logs care. Names are Kafka's (`segment.bytes` → `segmentBytes`), defaults are Kafka's. */

import type { Compression } from '@ottla/protocol'

export interface LogConfig {
  /** `cleanup.policy` contains `delete`. */
  cleanupDelete: boolean
  /** `cleanup.policy` contains `compact`: every record needs a key. */
  cleanupCompact: boolean
  /** `compression.type`; `producer` keeps what the client chose. */
  compressionType: 'producer' | Compression
  /** `file.delete.delay.ms` */
  fileDeleteDelayMs: number
  /** `index.interval.bytes` */
  indexIntervalBytes: number
  /** `max.message.bytes`: the largest record batch, header included. */
  maxMessageBytes: number
  /** `message.timestamp.after.max.ms` */
  messageTimestampAfterMaxMs: number
  /** `message.timestamp.before.max.ms` */
  messageTimestampBeforeMaxMs: number
  /** `message.timestamp.type` */
  messageTimestampType: 'CreateTime' | 'LogAppendTime'
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
  fileDeleteDelayMs: 60_000,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1_048_588,
  messageTimestampAfterMaxMs: 3_600_000,
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampType: 'CreateTime',
  retentionBytes: -1,
  retentionMs: 604_800_000,
  segmentBytes: 1_073_741_824,
  segmentIndexBytes: 10_485_760,
  segmentJitterMs: 0,
  segmentMs: 604_800_000,
}
