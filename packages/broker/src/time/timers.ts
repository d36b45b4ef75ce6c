/**
 * Time to come, as the broker's parts see it: one call, cancellable. `TimerWheel` serves it in production, `ManualTime`
 * in tests.
 */
export interface Timers {
  /** Calls `action` once, not before `delayMs` milliseconds have passed. The action must not throw. */
  after(delayMs: number, action: () => void): Timer
  /** Monotonic milliseconds: never jumps when the wall clock is set. */
  nowMs(): number
}

export interface Timer {
  /** Idempotent; after it the action is never called. */
  cancel(): void
}
