/**
 * One member of a classic group: who it is, what it supports, what it was assigned, and the request it is waiting on.
 * A member holds no rule about its group; `classic-group.ts` and the phases do.
 */

import { assert } from './assert.ts'
import type { Deadline } from './deadline.ts'
import type { JoinAnswer, JoinResult, SyncAnswer, SyncResult } from './results.ts'

/** Protocol name to what the member says about it (the subscription, for consumers), most preferred first. */
export type MemberProtocols = ReadonlyMap<string, Buffer>

export const emptyAssignment: Buffer = Buffer.alloc(0)

export interface MemberOptions {
  memberId: string
  /** `group.instance.id` of a static member (KIP-345), null for a dynamic one. */
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  protocolType: string
  protocols: MemberProtocols
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  assignment?: Buffer
}

export class Member {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  protocols: MemberProtocols
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  assignment: Buffer
  /** Until its first generation begins a member can't send heartbeats: it does not know its id yet (before v4). */
  isNew = false
  #session: Deadline | null = null
  #joinAnswer: JoinAnswer | null = null
  #syncAnswer: SyncAnswer | null = null

  constructor(options: MemberOptions) {
    this.memberId = options.memberId
    this.groupInstanceId = options.groupInstanceId
    this.clientId = options.clientId
    this.clientHost = options.clientHost
    this.protocolType = options.protocolType
    this.protocols = options.protocols
    this.sessionTimeoutMs = options.sessionTimeoutMs
    this.rebalanceTimeoutMs = options.rebalanceTimeoutMs
    this.assignment = options.assignment ?? emptyAssignment
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null
  }

  get isAwaitingJoin(): boolean {
    return this.#joinAnswer !== null
  }

  get isAwaitingSync(): boolean {
    return this.#syncAnswer !== null
  }

  /** Keeps the answer to a JoinGroup until the join phase ends. A request that this one repeats is answered at once. */
  awaitJoin(answer: JoinAnswer): void {
    this.answerJoin({ error: 'REBALANCE_IN_PROGRESS', memberId: this.memberId })
    this.#joinAnswer = answer
  }

  /** Keeps the answer to a SyncGroup until the leader's assignment is durable. */
  awaitSync(answer: SyncAnswer): void {
    this.answerSync({ error: 'REBALANCE_IN_PROGRESS' })
    this.#syncAnswer = answer
  }

  /** Answers the waiting JoinGroup, if there is one. */
  answerJoin(result: JoinResult): void {
    const answer = this.#joinAnswer
    this.#joinAnswer = null
    answer?.(result)
  }

  /** Answers the waiting SyncGroup, if there is one, and says whether there was. */
  answerSync(result: SyncResult): boolean {
    const answer = this.#syncAnswer
    this.#syncAnswer = null
    answer?.(result)
    return answer !== null
  }

  /** The session ends the membership when nothing is heard for its time. Replaces an earlier session. */
  setSession(session: Deadline | null): void {
    this.#session?.cancel()
    this.#session = session
  }

  /** Something was heard from the member, or it was given work: its session time begins again. */
  renewSession(timeoutMs = this.sessionTimeoutMs): void {
    assert(this.#session !== null, `member ${this.memberId} has no session`)
    this.#session.renew(timeoutMs)
  }

  metadata(protocolName: string): Buffer {
    const metadata = this.protocols.get(protocolName)
    assert(metadata !== undefined, `member ${this.memberId} does not support protocol ${protocolName}`)
    return metadata
  }

  /** The first of its protocols that is among the candidates. */
  vote(candidates: ReadonlySet<string>): string {
    for (const name of this.protocols.keys()) {
      if (candidates.has(name)) return name
    }
    throw new Error(`member ${this.memberId} supports none of the candidate protocols`)
  }

  /** Same protocols, same order, same bytes: nothing the assignment depends on has changed. */
  hasSameProtocols(protocols: MemberProtocols): boolean {
    if (protocols.size !== this.protocols.size) return false
    const theirs = protocols.entries()
    for (const [name, metadata] of this.protocols) {
      const next = theirs.next().value
      if (next === undefined || next[0] !== name || !next[1].equals(metadata)) return false
    }
    return true
  }
}
