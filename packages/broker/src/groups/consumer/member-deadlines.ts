/** What members of a consumer group must do in time, or they are out of it. */

import type { Timers } from '../../time/timers.ts'
import { Deadline } from '../deadline.ts'

/**
 * session: be heard of. rebalance: give up partitions. join and sync: the two steps by which a member of the classic protocol follows
 * a rebalance.
 */
export type DeadlineKind = 'session' | 'rebalance' | 'join' | 'sync'

export type OnMissed = (memberId: string, kind: DeadlineKind) => void

export class MemberDeadlines {
  readonly #timers: Timers
  readonly #onMissed: OnMissed
  readonly #byMember = new Map<string, Map<DeadlineKind, Deadline>>()

  constructor({ timers, onMissed }: { timers: Timers; onMissed: OnMissed }) {
    this.#timers = timers
    this.#onMissed = onMissed
  }

  /** Starts the deadline, or moves it when it is running. */
  set(memberId: string, kind: DeadlineKind, timeoutMs: number): void {
    let ofMember = this.#byMember.get(memberId)
    if (ofMember === undefined) {
      ofMember = new Map()
      this.#byMember.set(memberId, ofMember)
    }
    let deadline = ofMember.get(kind)
    if (deadline === undefined) {
      deadline = new Deadline({
        timers: this.#timers,
        onExpired: () => {
          this.cancel(memberId, kind)
          this.#onMissed(memberId, kind)
        },
      })
      ofMember.set(kind, deadline)
    }
    deadline.renew(Math.max(timeoutMs, 0))
  }

  /** Starts the deadline unless it is running. */
  setIfAbsent(memberId: string, kind: DeadlineKind, timeoutMs: number): void {
    if (!this.#byMember.get(memberId)?.has(kind)) this.set(memberId, kind, timeoutMs)
  }

  /** One deadline of the member, or all. */
  cancel(memberId: string, kind?: DeadlineKind): void {
    const ofMember = this.#byMember.get(memberId)
    for (const [each, deadline] of ofMember ?? []) {
      if (kind !== undefined && each !== kind) continue
      deadline.cancel()
      ofMember?.delete(each)
    }
    if (ofMember?.size === 0) this.#byMember.delete(memberId)
  }

  cancelAll(): void {
    for (const memberId of [...this.#byMember.keys()]) this.cancel(memberId)
  }
}
