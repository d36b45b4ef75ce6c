/**
 * The segments of one log, oldest first; the last one is active. Reading takes time, and meanwhile compaction may put another file in
 * a segment's place under the same name: positions in the old one mean nothing in the new one. So whoever reads files does it by
 * `read`, which waits while an exchange is under way and starts over when one has happened.
 */

import assert from 'node:assert/strict'
import type { LogSegment } from './log-segment.ts'

export class SegmentList {
  readonly #segments: LogSegment[]
  /** Goes up when an exchange begins. */
  #exchangeCount = 0
  #exchange: Promise<void> | undefined

  constructor(segments: LogSegment[]) {
    assert.ok(segments.length > 0, 'a log has at least one segment')
    this.#segments = segments
  }

  get all(): readonly LogSegment[] {
    return this.#segments
  }

  get active(): LogSegment {
    return this.#segments.at(-1)!
  }

  push(segment: LogSegment): void {
    this.#segments.push(segment)
  }

  /** Takes back the active one. */
  pop(): void {
    assert.ok(this.#segments.length > 1, 'a log has at least one segment')
    this.#segments.pop()
  }

  /** Takes out the segments that end at or below the offset. One that has given way but is still being written goes the next time. */
  removeBelow(offset: number): LogSegment[] {
    const kept = this.#segments.findLastIndex(segment => segment.baseOffset <= offset)
    const open = this.#segments.findIndex(segment => !segment.isClosed)
    return this.#segments.splice(0, Math.max(Math.min(kept, open), 0))
  }

  /** Runs `work` on the segments as they are now; once more where an exchange began meanwhile, whatever came out. */
  async read<T>(work: (segments: readonly LogSegment[]) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#exchange
      const before = this.#exchangeCount
      try {
        const result = await work(this.#segments.slice())
        if (before === this.#exchangeCount) return result
      } catch (error) {
        if (before === this.#exchangeCount) throw error
      }
    }
  }

  /** Whether these are in it, as neighbours. */
  contains(segments: readonly LogSegment[]): boolean {
    const first = this.#segments.indexOf(segments[0]!)
    return first >= 0 && segments.every((segment, i) => this.#segments[first + i] === segment)
  }

  /** Exclusive; of a segment that another one follows. */
  endOffsetOf(segment: LogSegment): number {
    return this.#segments[this.#segments.indexOf(segment) + 1]!.baseOffset
  }

  /**
   * Puts one closed segment in the place of several neighbours: `exchangeFiles` on disk, then here. Rejects as it does, and then the
   * files may be in any state. Only while nothing is removed.
   */
  async exchange(
    former: readonly LogSegment[],
    replacement: LogSegment,
    exchangeFiles: () => Promise<void>,
  ): Promise<void> {
    assert.ok(
      this.contains(former) && former.every(segment => segment.isClosed),
      'closed segments of the log, neighbours',
    )
    assert.equal(replacement.baseOffset, former[0]!.baseOffset)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#exchangeCount++
    this.#exchange = promise
    try {
      await exchangeFiles()
      this.#segments.splice(this.#segments.indexOf(former[0]!), former.length, replacement)
    } finally {
      this.#exchange = undefined
      resolve()
    }
  }
}
