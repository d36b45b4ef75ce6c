/**
 * Who may write and flush now: one for a whole data directory. A log that has something to store asks for a turn; turns are taken at
 * the end of the event loop's turn, so that everything that arrived in it goes out together, and each log has one turn at a time:
 * what is appended meanwhile shares the next one (group commit).
 *
 *   idle --schedule--> queued --a place is free--> running --finished, nothing new--> idle
 *                                                  running --finished, more came----> queued
 *
 * The number of turns at once is limited: each occupies a thread of Node's pool while the disk works, and reads need threads too.
 */

import { FlushStats } from './flush-stats.ts'

export interface Flushable {
  /** Stores what is queued. Never rejects: failures are the log's own to deal with. */
  storeQueued(): Promise<void>
  readonly hasQueued: boolean
}

export interface FlusherOptions {
  /** Logs that have a turn at the same time. */
  maxRunning: number
  defer?: ((action: () => void) => void) | undefined
}

export class Flusher {
  readonly #maxRunning: number
  readonly #defer: (action: () => void) => void
  readonly #queued = new Set<Flushable>()
  readonly #running = new Set<Flushable>()
  readonly stats = new FlushStats()
  #pumpScheduled = false

  /** `defer`: calls back when the present turn of the event loop is over; default `setImmediate`. */
  constructor({ maxRunning, defer = setImmediate }: FlusherOptions) {
    this.#maxRunning = maxRunning
    this.#defer = defer
  }

  schedule(log: Flushable): void {
    if (this.#running.has(log)) return // it is looked at again when it has finished
    this.#queued.add(log)
    this.#schedulePump()
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#running.size >= this.#maxRunning) return
    this.#pumpScheduled = true
    this.#defer(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    for (const log of this.#queued) {
      if (this.#running.size >= this.#maxRunning) return
      this.#queued.delete(log)
      this.#running.add(log)
      void this.#run(log)
    }
  }

  async #run(log: Flushable): Promise<void> {
    try {
      await log.storeQueued()
    } finally {
      this.#running.delete(log)
      if (log.hasQueued) this.#queued.add(log)
      if (this.#queued.size > 0) this.#schedulePump()
    }
  }
}
