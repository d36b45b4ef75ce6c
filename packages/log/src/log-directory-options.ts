/** How a data directory is to be opened. All but the path and a logger has a default. */

import type { Clock, Logger, Timers } from './environment.ts'
import type { FileSystem } from './file-system/file-system.ts'
import type { LogConfig } from './log-config.ts'
import type { Durability } from './log-context.ts'

export interface LogDirectoryOptions {
  path: string
  logger: Logger
  /** Default `fsync`. */
  durability?: Durability
  /** `node.id`, default 1. */
  nodeId?: number
  /** Of a new directory; an existing one must have it. Default: made up, or taken from the directory. */
  clusterId?: string
  /** What topics have that say nothing else. Default: Kafka's. */
  defaultConfig?: LogConfig
  /** What a topic has of its own, as far as it is known before its metadata is read. */
  configOf?: (topic: string) => Partial<LogConfig>
  fileSystem?: FileSystem
  clock?: Clock
  timers?: Timers
  /** 0 <= x < 1 */
  random?: () => number
  randomBytes?: (count: number) => Buffer
  /** Calls back when the present turn of the event loop is over. Default: `setImmediate`. */
  defer?: (action: () => void) => void
  /** Memory for the newest bytes of all logs, default 32 MiB. */
  tailCacheBytes?: number
  /** Descriptors for log files, default 1,000. */
  maxOpenFiles?: number
  /** Logs that write and flush at the same time, default 3: one of the four threads of Node's pool stays free for reads. */
  maxConcurrentFlushes?: number
  /** What is taken and not written yet, of all logs, default 1 GiB; beyond, nothing more is taken from clients. */
  maxUnwrittenBytes?: number
  /** Reads of consumers from files at the same time, default 3: a flush must not wait behind all consumers that catch up. */
  maxConcurrentReads?: number
  /** No record batch is unpacked to more than that, default 64 MiB. */
  maxDecompressedBytes?: number
  /** `producer.id.expiration.ms`, default 1 day */
  producerIdExpirationMs?: number
  /** `log.retention.check.interval.ms`, default 5 minutes */
  retentionCheckIntervalMs?: number
  /** `log.flush.offset.checkpoint.interval.ms`, default 1 minute */
  checkpointIntervalMs?: number
  cleaner?: CleanerOptions
}

/** Compaction. With a file system of the caller's it runs on the event loop, else in a thread of its own. */
export interface CleanerOptions {
  /** `log.cleaner.enable`, default true. When false, only `LogDirectory.compact` compacts. */
  isEnabled?: boolean
  /** `log.cleaner.backoff.ms`, default 15 s */
  backoffMs?: number
  /** `log.cleaner.dedupe.buffer.size`, default 128 MiB; a pass takes only what the part needs that is new. */
  dedupeBufferBytes?: number
  /** `log.cleaner.io.buffer.load.factor`, default 0.9 */
  loadFactor?: number
  /** `log.cleaner.io.max.bytes.per.second`, default no limit */
  maxBytesPerSecond?: number
}
