/**
 * One timer of the runtime for all timeouts of the broker: waiting fetches, idle connections, sessions.
 *
 * Timers live in a ring of slots, each `tickMs` wide; scheduling and cancelling are O(1) and allocate one object. What is
 * further away than one turn of the ring stays in its slot and is passed over until its turn. The underlying interval runs
 * only while something is scheduled, so an idle broker wakes up for nothing.
 */

import type { Timer, Timers } from './timers.ts'

const slotCount = 1024

class Entry implements Timer {
  readonly #wheel: TimerWheel
  readonly dueTick: number
  readonly action: () => void
  next: Entry = this
  previous: Entry = this
  isScheduled = false

  constructor(wheel: TimerWheel, dueTick: number, action: () => void) {
    this.#wheel = wheel
    this.dueTick = dueTick
    this.action = action
  }

  cancel(): void {
    this.#wheel.remove(this)
  }
}

export interface TimerWheelOptions {
  /** Resolution: a timer fires up to this much later than asked. */
  tickMs?: number
  nowMs?: () => number
}

export class TimerWheel implements Timers {
  readonly #tickMs: number
  readonly #monotonicMs: () => number
  readonly #originMs: number
  readonly #slots: readonly Entry[]
  #interval: NodeJS.Timeout | null = null
  #size = 0
  /** The last tick whose slot has been fired. */
  #tick = 0

  constructor({ tickMs = 5, nowMs = () => performance.now() }: TimerWheelOptions = {}) {
    this.#tickMs = tickMs
    this.#monotonicMs = nowMs
    this.#originMs = nowMs()
    this.#slots = Array.from({ length: slotCount }, () => new Entry(this, 0, () => undefined))
  }

  /** Number of timers that wait. */
  get size(): number {
    return this.#size
  }

  nowMs(): number {
    return this.#monotonicMs()
  }

  after(delayMs: number, action: () => void): Timer {
    if (this.#size === 0) this.#start()
    const dueMs = this.#elapsedMs() + Math.max(delayMs, 0)
    const entry = new Entry(this, Math.max(Math.ceil(dueMs / this.#tickMs), this.#tick + 1), action)
    const head = this.#slots[entry.dueTick % slotCount]!
    entry.isScheduled = true
    entry.previous = head.previous
    entry.next = head
    head.previous.next = entry
    head.previous = entry
    this.#size++
    return entry
  }

  /** Takes one timer out; does nothing if it has fired or was cancelled. */
  remove(entry: Entry): void {
    if (!entry.isScheduled) return
    entry.isScheduled = false
    entry.previous.next = entry.next
    entry.next.previous = entry.previous
    this.#size--
    if (this.#size === 0) this.#stop()
  }

  /** Forgets every timer without calling it. */
  close(): void {
    for (const head of this.#slots) {
      while (head.next !== head) this.remove(head.next)
    }
  }

  /** Fires all that is due. The interval calls it; a test with a time of its own may. */
  advance(): void {
    const target = Math.floor(this.#elapsedMs() / this.#tickMs)
    if (target - this.#tick >= slotCount) {
      // More than one turn behind (the process did not run): one pass over the ring finds all that is due.
      this.#tick = target
      for (const head of this.#slots) this.#fire(head)
      return
    }
    while (this.#tick < target && this.#size > 0) {
      this.#tick++
      this.#fire(this.#slots[this.#tick % slotCount]!)
    }
  }

  /** Calls what is due in one slot. An action may schedule and cancel, in this slot too. */
  #fire(head: Entry): void {
    const due: Entry[] = []
    for (let entry = head.next; entry !== head; entry = entry.next) {
      if (entry.dueTick <= this.#tick) due.push(entry)
    }
    for (const entry of due) {
      if (!entry.isScheduled) continue
      this.remove(entry)
      entry.action()
    }
  }

  #elapsedMs(): number {
    return this.#monotonicMs() - this.#originMs
  }

  #start(): void {
    // Nothing was scheduled, so no slot is missed by setting the hand to the present.
    this.#tick = Math.max(this.#tick, Math.floor(this.#elapsedMs() / this.#tickMs))
    this.#interval = setInterval(() => this.advance(), this.#tickMs)
    this.#interval.unref()
  }

  #stop(): void {
    if (this.#interval !== null) clearInterval(this.#interval)
    this.#interval = null
  }
}
