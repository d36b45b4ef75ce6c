/** A clock and timers that only a test moves: nothing happens until `advance` says how much time has passed. */

import type { Clock } from '../time/clock.ts'
import type { Timer, Timers } from '../time/timers.ts'

export class ManualTime implements Clock, Timers {
  #elapsedMs = 0
  readonly #startMs: number
  readonly #waiting = new Set<{ dueMs: number; action: () => void }>()

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#elapsedMs
  }

  nowMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, action: () => void): Timer {
    const entry = { dueMs: this.#elapsedMs + Math.max(delayMs, 0), action }
    this.#waiting.add(entry)
    return { cancel: () => void this.#waiting.delete(entry) }
  }

  /** Number of timers that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Moves time on and fires what comes due, in the order of its deadlines, each at its own time. */
  advance(ms: number): void {
    const targetMs = this.#elapsedMs + ms
    for (;;) {
      let first: { dueMs: number; action: () => void } | undefined
      for (const entry of this.#waiting) {
        if (entry.dueMs <= targetMs && (first === undefined || entry.dueMs < first.dueMs)) first = entry
      }
      if (first === undefined) break
      this.#waiting.delete(first)
      this.#elapsedMs = Math.max(this.#elapsedMs, first.dueMs)
      first.action()
    }
    this.#elapsedMs = targetMs
  }

  /** As if the process had been stopped for so long: everything that came due meanwhile fires late, when it is over. */
  pause(ms: number): void {
    this.#elapsedMs += ms
    this.advance(0)
  }
}
