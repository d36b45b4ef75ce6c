/** What the log is given from outside: time, chance and a place for its messages. */

export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number
}

export interface Timers {
  /** Calls back once, not before `delayMs` have passed. Upkeep must not keep a process alive: nor should the timer. */
  after(delayMs: number, action: () => void): Timer
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = { now: Date.now }

export const systemTimers: Timers = {
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Fields first, then the message: pino's loggers fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
