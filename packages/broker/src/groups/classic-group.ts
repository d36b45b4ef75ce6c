/**
 * One group of the classic protocol: its members, leader, generation and chosen protocol, and the invariants among them.
 *
 * It decides nothing about time and writes nothing: `rebalance.ts`, `join.ts`, `sync.ts` and `leave.ts` drive it. Every change of state
 * passes `transitionTo`, every change of the member set passes `add`, `remove` or `replaceStatic`.
 */

import { KafkaError } from '@ottla/protocol'
import { assert } from './assert.ts'
import type { Deadline } from './deadline.ts'
import { type GroupState, isValidTransition } from './group-state.ts'
import { Member, type MemberOptions, type MemberProtocols } from './member.ts'
import { subscribedTopics } from './subscription.ts'

/** The protocol type of groups of consumers; others (Kafka Connect's, for instance) are opaque to the coordinator. */
export const consumerProtocolType = 'consumer'

/** What the log keeps of a group: its last complete generation, or that it is empty. */
export interface StoredGroup {
  generationId: number
  protocolType: string | null
  protocolName: string | null
  leaderId: string | null
  stateTimestampMs: number | null
  members: readonly MemberOptions[]
}

export interface ClassicGroupOptions {
  groupId: string
  /** Wall clock, milliseconds since the epoch. */
  nowMs: () => number
  /** What a restart finds in the log; nothing for a new group. */
  restored?: StoredGroup
}

export class ClassicGroup {
  readonly type = 'classic'
  readonly groupId: string
  /** Members in the order in which they joined. */
  readonly members: ReadonlyMap<string, Member>
  /** Ids handed out with MEMBER_ID_REQUIRED that did not come back yet; a phase waits for them (KIP-394). */
  readonly pendingMembers: Map<string, Deadline> = new Map<string, Deadline>()
  /** Members of the current generation whose SyncGroup has not come yet. */
  readonly pendingSyncMembers: Set<string> = new Set<string>()
  /** A newcomer arrived during the first rebalance, so its delay may be extended once more. */
  hasNewcomer = false
  /** Ends the join phase while preparing, throws out silent members while completing. */
  phaseDeadline: Deadline | null = null

  readonly #nowMs: () => number
  readonly #members = new Map<string, Member>()
  readonly #memberIdsByInstance = new Map<string, string>()
  readonly #supporters = new Map<string, number>()
  #state: GroupState
  #previousState: GroupState = 'Dead'
  #stateTimestampMs: number | null
  #generationId: number
  #protocolType: string | null
  #protocolName: string | null
  #leaderId: string | null = null
  #subscribedTopics: ReadonlySet<string> | null = null

  constructor({ groupId, nowMs, restored }: ClassicGroupOptions) {
    this.groupId = groupId
    this.members = this.#members
    this.#nowMs = nowMs
    this.#state = restored !== undefined && restored.members.length > 0 ? 'Stable' : 'Empty'
    this.#stateTimestampMs = restored === undefined ? nowMs() : restored.stateTimestampMs
    this.#generationId = restored?.generationId ?? 0
    this.#protocolType = restored?.protocolType ?? null
    this.#protocolName = restored?.protocolName ?? null
    for (const member of restored?.members ?? []) this.#insert(new Member(member))
    if (restored?.leaderId != null && this.#members.has(restored.leaderId)) this.#leaderId = restored.leaderId
    this.#subscribedTopics = subscribedTopics(this)
  }

  get state(): GroupState {
    return this.#state
  }

  get previousState(): GroupState {
    return this.#previousState
  }

  /** When the group came into its state (wall clock), null when the log does not say. Offsets of an empty group expire from here. */
  get stateTimestampMs(): number | null {
    return this.#stateTimestampMs
  }

  get generationId(): number {
    return this.#generationId
  }

  /** null as long as nobody ever joined: a group that only stores offsets. */
  get protocolType(): string | null {
    return this.#protocolType
  }

  /** The protocol of this generation, null when the group is empty. */
  get protocolName(): string | null {
    return this.#protocolName
  }

  get leaderId(): string | null {
    return this.#leaderId
  }

  get isSimple(): boolean {
    return this.#protocolType === null && this.#members.size === 0 && this.pendingMembers.size === 0
  }

  get usesConsumerProtocol(): boolean {
    return this.#protocolType === consumerProtocolType
  }

  /** Topics that the members of this generation read; null when that can't be known. */
  get subscribedTopics(): ReadonlySet<string> | null {
    return this.#subscribedTopics
  }

  /** Whether a consumer may be reading the topic: its offsets are then neither expired nor deleted. */
  isSubscribedTo(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  /** The join phase and the first generation can wait for as long as the slowest member asks. */
  get rebalanceTimeoutMs(): number {
    let longestMs = 0
    for (const member of this.#members.values()) longestMs = Math.max(longestMs, member.rebalanceTimeoutMs)
    return longestMs
  }

  get awaitingJoinCount(): number {
    let count = 0
    for (const member of this.#members.values()) if (member.isAwaitingJoin) count++
    return count
  }

  get allMembersJoined(): boolean {
    return this.pendingMembers.size === 0 && this.awaitingJoinCount === this.#members.size
  }

  get canRebalance(): boolean {
    return isValidTransition(this.#state, 'PreparingRebalance')
  }

  transitionTo(state: GroupState): void {
    assert(isValidTransition(this.#state, state), `group ${this.groupId} may not go from ${this.#state} to ${state}`)
    this.#previousState = this.#state
    this.#state = state
    this.#stateTimestampMs = this.#nowMs()
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#memberIdsByInstance.get(groupInstanceId)
  }

  isLeader(memberId: string): boolean {
    return this.#leaderId === memberId
  }

  /**
   * The member that a request speaks for.
   * @throws KafkaError FENCED_INSTANCE_ID when another member has taken over the static identity (KIP-345), UNKNOWN_MEMBER_ID
   */
  memberOf({ memberId, groupInstanceId }: { memberId: string; groupInstanceId: string | null }): Member {
    if (groupInstanceId !== null) {
      const current = this.#memberIdsByInstance.get(groupInstanceId)
      if (current !== undefined && current !== memberId) throw new KafkaError('FENCED_INSTANCE_ID')
      if (current === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    }
    const member = this.#members.get(memberId)
    if (member === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    return member
  }

  /** Whether a member with these protocols can take part: one of them must be supported by everybody. */
  supports(protocolType: string, protocols: MemberProtocols): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.size > 0
    if (protocolType !== this.#protocolType) return false
    for (const name of protocols.keys()) {
      if ((this.#supporters.get(name) ?? 0) === this.#members.size) return true
    }
    return false
  }

  add(member: Member): void {
    this.#insert(member)
    this.pendingMembers.get(member.memberId)?.cancel()
    this.pendingMembers.delete(member.memberId)
  }

  /** Takes the member out of the group and ends its session. What it waits for must have been answered. */
  remove(member: Member): void {
    assert(this.#members.get(member.memberId) === member, `${member.memberId} is not in group ${this.groupId}`)
    assert(!member.isAwaitingJoin && !member.isAwaitingSync, `${member.memberId} leaves without an answer`)
    this.#members.delete(member.memberId)
    this.#countSupport(member, -1)
    if (member.groupInstanceId !== null) this.#memberIdsByInstance.delete(member.groupInstanceId)
    this.pendingSyncMembers.delete(member.memberId)
    member.setSession(null)
    if (this.#leaderId === member.memberId) this.#leaderId = this.#members.keys().next().value ?? null
  }

  removePending(memberId: string): boolean {
    this.pendingMembers.get(memberId)?.cancel()
    return this.pendingMembers.delete(memberId)
  }

  /** What a member says about itself when it joins again. */
  update(
    member: Member,
    changes: { protocols: MemberProtocols; sessionTimeoutMs: number; rebalanceTimeoutMs: number },
  ): void {
    this.#countSupport(member, -1)
    member.protocols = changes.protocols
    this.#countSupport(member, 1)
    member.sessionTimeoutMs = changes.sessionTimeoutMs
    member.rebalanceTimeoutMs = changes.rebalanceTimeoutMs
  }

  /** Puts a member with a new id in the place of a static one: same assignment, same leadership, the old id is unknown from now on. */
  replaceStatic(old: Member, successor: Member): void {
    assert(old.groupInstanceId !== null, `${old.memberId} is not static`)
    assert(old.groupInstanceId === successor.groupInstanceId, `${successor.memberId} is another static member`)
    const wasLeader = this.#leaderId === old.memberId
    const wasPendingSync = this.pendingSyncMembers.has(old.memberId)
    this.remove(old)
    this.#insert(successor)
    if (wasPendingSync) this.pendingSyncMembers.add(successor.memberId)
    if (wasLeader) this.#leaderId = successor.memberId
  }

  /** Makes sure that the leader is one who joined this time; false when nobody did. */
  electJoinedLeader(): boolean {
    if (this.#leaderId !== null && this.#members.get(this.#leaderId)?.isAwaitingJoin) return true
    for (const member of this.#members.values()) {
      if (!member.isAwaitingJoin) continue
      this.#leaderId = member.memberId
      return true
    }
    return false
  }

  /** Begins the next generation: with the members there are, or as an empty group. */
  beginGeneration(): void {
    assert(this.#state === 'PreparingRebalance', `group ${this.groupId} begins a generation while ${this.#state}`)
    this.#generationId++
    assert(this.#generationId < 2 ** 31, `group ${this.groupId} has used up its generations`)
    this.#protocolName = this.#members.size > 0 ? this.selectProtocol() : null
    this.#subscribedTopics = subscribedTopics(this)
    this.pendingSyncMembers.clear()
    this.transitionTo(this.#members.size > 0 ? 'CompletingRebalance' : 'Empty')
  }

  /** Among the protocols that everybody supports, the one that most members prefer. */
  selectProtocol(): string {
    const candidates = new Set<string>()
    for (const [name, count] of this.#supporters) if (count === this.#members.size) candidates.add(name)
    const votes = new Map<string, number>()
    for (const member of this.#members.values()) {
      const name = member.vote(candidates)
      votes.set(name, (votes.get(name) ?? 0) + 1)
    }
    let selected: string | null = null
    for (const [name, count] of votes) {
      if (selected === null || count > (votes.get(selected) ?? 0)) selected = name
    }
    assert(selected !== null, `group ${this.groupId} has no members to vote`)
    return selected
  }

  #insert(member: Member): void {
    const { memberId, groupInstanceId } = member
    assert(!this.#members.has(memberId), `${memberId} is in group ${this.groupId} already`)
    if (groupInstanceId !== null) {
      assert(!this.#memberIdsByInstance.has(groupInstanceId), `static member ${groupInstanceId} is there already`)
      this.#memberIdsByInstance.set(groupInstanceId, memberId)
    }
    if (this.#members.size === 0) this.#protocolType = member.protocolType
    assert(this.#protocolType === member.protocolType, `${memberId} has another protocol type`)
    this.#members.set(memberId, member)
    this.#countSupport(member, 1)
    this.#leaderId ??= memberId
  }

  #countSupport(member: Member, change: 1 | -1): void {
    for (const name of member.protocols.keys()) {
      const count = (this.#supporters.get(name) ?? 0) + change
      if (count === 0) this.#supporters.delete(name)
      else this.#supporters.set(name, count)
    }
  }
}
