/**
 * A deadline that can be moved for the price of one number: member sessions, the join phase, the sync phase.
 *
 * A heartbeat only writes the new deadline; the timer that is already running finds it when it fires and waits for the rest.
 * It must never punish others for our own absence: a timer that fires late means that this process did not run (stopped,
 * suspended, starved), so nobody could reach us, and the whole time is granted anew.
 */

import type { Timer, Timers } from '../time/timers.ts'

/** Above what a busy event loop and a coarse timer wheel cause in normal operation. */
const pauseToleranceMs = 500

export class Deadline {
  readonly #timers: Timers
  readonly #onExpired: () => void
  #timer: Timer | null = null
  #timerFiresAtMs = 0
  #deadlineMs = 0
  #timeoutMs = 0

  constructor({ timers, onExpired }: { timers: Timers; onExpired: () => void }) {
    this.#timers = timers
    this.#onExpired = onExpired
  }

  /** Sets the deadline to `timeoutMs` from now, whether or not one is running. */
  renew(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs
    this.#deadlineMs = this.#timers.nowMs() + timeoutMs
    if (this.#timer !== null && this.#timerFiresAtMs > this.#deadlineMs) this.cancel()
    if (this.#timer === null) this.#start(timeoutMs)
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #start(delayMs: number): void {
    this.#timerFiresAtMs = this.#timers.nowMs() + delayMs
    this.#timer = this.#timers.after(delayMs, () => this.#fire())
  }

  #fire(): void {
    this.#timer = null
    const nowMs = this.#timers.nowMs()
    if (nowMs - this.#timerFiresAtMs > pauseToleranceMs) this.#deadlineMs = nowMs + this.#timeoutMs
    const remainingMs = this.#deadlineMs - nowMs
    if (remainingMs > 0) this.#start(remainingMs)
    else this.#onExpired()
  }
}
