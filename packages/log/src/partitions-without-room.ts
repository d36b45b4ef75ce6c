/**
 * Partitions that a start could not open because the disk is full: what a crash left has to be put in order first, and that takes room.
 * They are tried again from time to time, more and more seldom, and serve as soon as there is room.
 */

import type { Logger, Timer, Timers } from './environment.ts'
import { partitionDirectoryName } from './file-names.ts'
import type { PartitionLog } from './partition-log.ts'

const firstRetryMs = 1000
const maxRetryMs = 30_000

export interface PartitionsWithoutRoomOptions {
  timers: Timers
  logger: Logger
  /** Never rejects: a log that can't be opened comes offline, with the reason. */
  open: (former: PartitionLog) => Promise<PartitionLog>
  /** Puts the log in its former one's place: it is open, or offline for another reason than room. */
  replace: (log: PartitionLog) => void
}

export function isWithoutRoom({ offlineReason }: PartitionLog): boolean {
  return offlineReason?.code === 'ENOSPC'
}

export class PartitionsWithoutRoom {
  readonly #options: PartitionsWithoutRoomOptions
  readonly #waiting = new Map<string, PartitionLog>()
  #retryMs = firstRetryMs
  #timer: Timer | undefined
  #attempt: Promise<void> = Promise.resolve()

  constructor(options: PartitionsWithoutRoomOptions) {
    this.#options = options
  }

  add(logs: Iterable<PartitionLog>): void {
    for (const log of logs) this.#waiting.set(partitionDirectoryName(log), log)
    this.#schedule()
  }

  /** The partition is being deleted: nobody touches its files any more when it resolves. */
  async letGo(name: string): Promise<void> {
    this.#waiting.delete(name)
    await this.#attempt
  }

  /** Nothing is tried any more when it resolves. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#waiting.clear()
    await this.#attempt
  }

  #schedule(): void {
    if (this.#waiting.size === 0) return
    this.#timer = this.#options.timers.after(this.#retryMs, () => {
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs)
      this.#attempt = this.#tryAll().finally(() => this.#schedule())
    })
  }

  async #tryAll(): Promise<void> {
    const { logger, open, replace } = this.#options
    for (const [name, former] of this.#waiting) {
      const log = await open(former)
      if (!this.#waiting.has(name)) await log.detach()
      else if (!isWithoutRoom(log)) {
        this.#waiting.delete(name)
        log.updateConfig(former.config)
        if (log.offlineReason === undefined)
          logger.info({ partition: name }, 'there is room again: the partition is back')
        else logger.error({ partition: name, error: log.offlineReason.message }, 'partition stays offline')
        replace(log)
      }
    }
  }
}
