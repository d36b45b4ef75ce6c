/**
 * The broker's time in a test: the real one, plus what the test has moved it on. It moves under the timers one by one, each firing at its
 * own time, because a timer that fires late means to the broker that its process was away, and then nobody's session may expire.
 */

import type { Broker } from '@ottla/broker'
import type { Duration, OttlaClock } from './api.ts'

export class MovableTime {
  #movedMs = 0

  readonly now = (): number => Math.floor(Date.now() + this.#movedMs)
  readonly monotonicMs = (): number => performance.now() + this.#movedMs

  move(ms: number): void {
    this.#movedMs += ms
  }

  /** Only between two cores: timers of a running one would wait for ever. */
  reset(): void {
    this.#movedMs = 0
  }
}

export function createClock(time: MovableTime, broker: () => Broker): OttlaClock {
  return {
    now: time.now,
    async advance(duration) {
      const ms = typeof duration === 'number' ? duration : milliseconds(duration)
      if (!(ms >= 0) || !Number.isFinite(ms)) throw new RangeError(`Time can't be moved on by ${ms} ms`)
      const { timers, groups, transactions, logs } = broker()
      const targetMs = timers.nowMs() + ms
      for (let dueMs = timers.nextDueMs(); dueMs !== null && dueMs < targetMs; dueMs = timers.nextDueMs()) {
        time.move(Math.max(dueMs - timers.nowMs(), 0))
        timers.advance()
      }
      time.move(Math.max(targetMs - timers.nowMs(), 0))
      timers.advance()
      await transactions.abortTimedOut()
      await transactions.expire()
      await groups.expireOffsets()
      await logs.upkeep()
      await logs.compact()
    },
  }
}

function milliseconds({ days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }: Duration): number {
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
}
