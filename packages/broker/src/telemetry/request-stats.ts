/**
 * What is counted of each API's requests. A request costs two readings of the clock and a few additions; whoever wants to see them
 * does the rest.
 */

import type { ErrorName } from '@ottla/protocol'

/** Upper bounds of the buckets in milliseconds, inclusive; one more bucket counts what took longer. */
export const latencyBoundsMs = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000] as const

export class ApiStats {
  /** Answered, also with an error. */
  requests = 0
  totalMs = 0
  /** One for each of `latencyBoundsMs` and one beyond; not cumulative. */
  readonly buckets = new Float64Array(latencyBoundsMs.length + 1)
  /** Requests that were refused as a whole, by the error. */
  readonly refusals = new Map<ErrorName, number>()

  /** `durationMs`: from the request's turn to the bytes of its answer. */
  note(durationMs: number): void {
    this.requests++
    this.totalMs += durationMs
    let index = 0
    while (index < latencyBoundsMs.length && durationMs > latencyBoundsMs[index]!) index++
    this.buckets[index]!++
  }

  noteRefusal(error: ErrorName): void {
    this.refusals.set(error, (this.refusals.get(error) ?? 0) + 1)
  }
}
