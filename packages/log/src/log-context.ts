/** What all logs of one data directory share. */

import type { ConcurrencyLimit } from './concurrency-limit.ts'
import type { Clock, Logger, Timers } from './environment.ts'
import type { FileSystem } from './file-system/file-system.ts'
import type { Flusher } from './flusher.ts'
import type { OpenFiles } from './open-files.ts'
import type { TailCache } from './tail-cache.ts'
import type { UnwrittenBytes } from './unwritten-bytes.ts'

/** `fsync`: acknowledged is on the disk. `os`: acknowledged is with the operating system; a loss of power may take it back. */
export type Durability = 'fsync' | 'os'

export interface LogContext {
  fileSystem: FileSystem
  openFiles: OpenFiles
  tailCache: TailCache
  flusher: Flusher
  unwritten: UnwrittenBytes
  /** Reads of consumers from files. */
  reads: ConcurrencyLimit
  clock: Clock
  timers: Timers
  logger: Logger
  /** 0 <= x < 1 */
  random: () => number
  durability: Durability
  /** No record batch is unpacked to more than that. */
  maxDecompressedBytes: number
  /** `producer.id.expiration.ms` */
  producerIdExpirationMs: number
  /** Makes the log start offsets of all logs (their `logStartOffsetToStore`) durable. */
  storeLogStartOffsets: () => Promise<void>
}
