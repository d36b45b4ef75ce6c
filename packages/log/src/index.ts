/** The durable log: a data directory of partition logs in Apache Kafka's own formats. See docs/formats/log-directory.md. */

export type { EpochEntry } from './checkpoint-file.ts'
export { type Clock, type Logger, systemClock, systemTimers, type Timer, type Timers } from './environment.ts'
export type { File, FileSystem } from './file-system/file-system.ts'
export { nodeFileSystem } from './file-system/node-file-system.ts'
export { defaultLogConfig, type LogConfig } from './log-config.ts'
export type { Durability } from './log-context.ts'
export { LogDirectory, type LogDirectoryOptions } from './log-directory.ts'
export { type AppendResult, PartitionLog, type ReadOptions, type ReadResult } from './partition-log.ts'
export type { ProducerEntry } from './producer-state.ts'
export { type AppendOrigin, type RecordError, RecordValidationError } from './record-validation.ts'
export { StorageError } from './storage-error.ts'
export type { TimestampedOffset } from './timestamp-search.ts'
