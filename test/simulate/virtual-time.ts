/**
 * Time that only the simulation moves. Whatever is to happen waits in one queue, ordered by its time and then by its turn, so that
 * a run is a sequence that one seed decides. Between two events every promise has settled that can.
 *
 * Events belong to a life (one process): when it ends, what still waits for it never happens.
 */

import type { Clock } from '../../packages/broker/src/time/clock.ts'
import type { Timer, Timers } from '../../packages/broker/src/time/timers.ts'

interface Event {
  dueMs: number
  turn: number
  life: Life
  action: () => void
}

/** 2026-01-01 */
const epochMs = 1_767_225_600_000

export class VirtualTime {
  #nowMs = 0
  #turn = 0
  readonly #heap: Event[] = []
  /** Between the wall clock and monotonic time: moved by a clock that is set. */
  #wallOffsetMs = epochMs
  #latestWallMs = 0
  #earliestWallMs = epochMs
  #lastJumpMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  /** Milliseconds of the wall clock. */
  wallMs(): number {
    return Math.floor(this.#nowMs + this.#wallOffsetMs)
  }

  /** The latest time that the wall clock has ever shown. */
  latestWallMs(): number {
    return Math.max(this.#latestWallMs, this.wallMs())
  }

  /** The earliest that it has ever been set to. */
  earliestWallMs(): number {
    return this.#earliestWallMs
  }

  /** When the wall clock was last set, in monotonic time. */
  get lastJumpMs(): number {
    return this.#lastJumpMs
  }

  /** Sets the wall clock to a time that is so far away from the true one. */
  setWallClock(awayMs: number): void {
    this.#latestWallMs = this.latestWallMs()
    this.#lastJumpMs = this.#nowMs
    this.#wallOffsetMs = epochMs + awayMs
    this.#earliestWallMs = Math.min(this.#earliestWallMs, this.wallMs())
  }

  schedule(life: Life, delayMs: number, action: () => void): Event {
    const event: Event = { dueMs: this.#nowMs + Math.max(delayMs, 0), turn: ++this.#turn, life, action }
    this.#push(event)
    return event
  }

  /** Lets the next event happen. False when nothing waits. */
  async step(): Promise<boolean> {
    for (;;) {
      const event = this.#pop()
      if (!event) return false
      if (event.life.isOver) continue
      this.#nowMs = Math.max(this.#nowMs, event.dueMs)
      event.action()
      await settled()
      return true
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isBefore(heap[parent]!, event)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

/** One process's share of time: its clock, its timers, its turns of the event loop. */
export class Life implements Clock, Timers {
  readonly #time: VirtualTime
  isOver = false

  constructor(time: VirtualTime) {
    this.#time = time
  }

  now(): number {
    return this.#time.wallMs()
  }

  nowMs(): number {
    return this.#time.nowMs()
  }

  after(delayMs: number, action: () => void): Timer {
    let isCancelled = false
    this.#time.schedule(this, delayMs, () => {
      if (!isCancelled) action()
    })
    return {
      cancel: () => {
        isCancelled = true
      },
    }
  }

  defer = (action: () => void): void => {
    this.#time.schedule(this, 0, action)
  }

  end(): void {
    this.isOver = true
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.turn < b.turn)
}

/** Resolves when every promise has settled that can without a further event. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
