/**
 * One timer of the runtime for all timeouts of the broker: waiting fetches, idle connections, sessions.
 *
 * Timers live in a ring of slots, each `tickMs` wide; scheduling and cancelling are O(1) and allocate one object. What is
 * further away than one turn of the ring stays in its slot and is passed over until its turn. The runtime's timer is set to
 * the next slot that is not empty, so a broker that has nothing to do sleeps.
 */

import type { Timer, Timers } from './timers.ts'

const slotCount = 1024
/** The longest that the runtime's timer can be set to; beyond, it would fire at once. */
const maxAlarmMs = 2 ** 31 - 1

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
  #alarm: NodeJS.Timeout | null = null
  #alarmTick = Number.POSITIVE_INFINITY
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
    // While nothing is scheduled, no slot is missed by setting the hand to the present.
    if (this.#size === 0) this.#tick = Math.max(this.#tick, this.#presentTick())
    const dueMs = this.#elapsedMs() + Math.max(delayMs, 0)
    const entry = new Entry(this, Math.max(Math.ceil(dueMs / this.#tickMs), this.#tick + 1), action)
    const head = this.#slots[entry.dueTick % slotCount]!
    entry.isScheduled = true
    entry.previous = head.previous
    entry.next = head
    head.previous.next = entry
    head.previous = entry
    this.#size++
    if (entry.dueTick < this.#alarmTick) this.#setAlarm(entry.dueTick)
    return entry
  }

  /** Takes one timer out; does nothing if it has fired or was cancelled. */
  remove(entry: Entry): void {
    if (!entry.isScheduled) return
    entry.isScheduled = false
    entry.previous.next = entry.next
    entry.next.previous = entry.previous
    this.#size--
    if (this.#size === 0) this.#clearAlarm()
  }

  /** When the next timer fires, on the scale of `nowMs()`; null without one. Looks at all of them. */
  nextDueMs(): number | null {
    let tick = Number.POSITIVE_INFINITY
    for (const head of this.#slots) {
      for (let entry = head.next; entry !== head; entry = entry.next) tick = Math.min(tick, entry.dueTick)
    }
    return tick === Number.POSITIVE_INFINITY ? null : this.#originMs + tick * this.#tickMs
  }

  /** Forgets every timer without calling it. */
  close(): void {
    for (const head of this.#slots) {
      while (head.next !== head) this.remove(head.next)
    }
  }

  /** Fires all that is due. The alarm calls it; a test with a time of its own may. */
  advance(): void {
    this.#clearAlarm()
    this.#fireUntil(this.#presentTick())
    if (this.#size > 0) this.#setAlarm(this.#nextOccupiedTick())
  }

  #fireUntil(target: number): void {
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

  #presentTick(): number {
    return Math.floor(this.#elapsedMs() / this.#tickMs)
  }

  /** The tick of the next slot that holds anything: there is something due then, or a turn of the ring later. */
  #nextOccupiedTick(): number {
    let tick = this.#tick + 1
    for (; tick < this.#tick + slotCount; tick++) {
      const head = this.#slots[tick % slotCount]!
      if (head.next !== head) break
    }
    return tick
  }

  #setAlarm(tick: number): void {
    this.#clearAlarm()
    this.#alarmTick = tick
    const delayMs = Math.min(Math.max(tick * this.#tickMs - this.#elapsedMs(), 1), maxAlarmMs)
    this.#alarm = setTimeout(() => this.advance(), delayMs)
    this.#alarm.unref()
  }

  #clearAlarm(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm)
    this.#alarm = null
    this.#alarmTick = Number.POSITIVE_INFINITY
  }
}
