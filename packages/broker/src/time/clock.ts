/** The wall clock as the broker sees it, passed in so that tests can move it by hand. Durations are measured by `Timers`. */
export interface Clock {
  /** Milliseconds since 1970, whole. May jump when the clock is set. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
