/**
 * One consumer group (KIP-848): its members, its epochs, the target assignment and who has which partition now.
 *
 * It is nothing but a fold over its records: `apply` is the only way to change it, for a heartbeat of today and for a record that a
 * restart reads, so both always come to the same. It decides nothing; `heartbeat.ts`, `departure.ts` and `classic-members.ts` do.
 *
 *   Empty ──member joins──▶ Assigning ──target computed──▶ Reconciling ──all members there──▶ Stable
 *     ▲                         ▲                               │                               │
 *     └──── last one leaves ────┴───────── members, subscriptions or topics change ◀────────────┘
 *
 * The state is what members and epochs say; it is not kept beside them.
 */

import { KafkaError } from '@ottla/protocol'
import { assert } from '../assert.ts'
import {
  assignmentOf,
  type ConsumerMember,
  initialAssignment,
  isReconciledTo,
  newMember,
  subscriptionOf,
} from './consumer-member.ts'
import type { ConsumerChange, GroupEpoch, ResolvedExpression, TargetEpoch } from './consumer-records.ts'
import type { MemberDeadlines } from './member-deadlines.ts'
import { noPartitions, type OwnedPartitions, type PartitionSet } from './partitions.ts'
import type { TopicCatalog } from './topics.ts'

/** As ListGroups and ConsumerGroupDescribe send them. */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

export class ConsumerGroup {
  readonly type = 'consumer'
  readonly protocolType = 'consumer'
  readonly groupId: string
  /** In the order in which they joined. */
  readonly members: ReadonlyMap<string, ConsumerMember>
  /** null in a draft: time does not pass there. */
  readonly deadlines: MemberDeadlines | null
  /** Version of the topic catalog that the group was last compared with; null: compare at the next heartbeat. */
  checkedCatalogVersion: number | null = null
  readonly #members = new Map<string, ConsumerMember>()
  readonly #memberIdsByInstance = new Map<string, string>()
  readonly #targets = new Map<string, PartitionSet>()
  readonly #expressions = new Map<string, ResolvedExpression>()
  /** By topic id and partition, the member that has it, assigned or still to be given up. */
  readonly #owners = new Map<string, Map<number, string>>()
  #epoch: GroupEpoch = { epoch: 0, metadataHash: 0n }
  #targetEpoch: TargetEpoch = { epoch: 0, timestampMs: 0 }
  #hasPartitionMetadata = false

  #isLoading: boolean

  /** @param options.isLoading Records are being read from the log: call `finishLoading` after the last of them. */
  constructor(options: { groupId: string; deadlines: MemberDeadlines | null; isLoading?: boolean }) {
    this.groupId = options.groupId
    this.members = this.#members
    this.deadlines = options.deadlines
    this.#isLoading = options.isLoading ?? false
  }

  get state(): ConsumerGroupState {
    if (this.#members.size === 0) return 'Empty'
    if (this.#epoch.epoch > this.#targetEpoch.epoch) return 'Assigning'
    for (const member of this.#members.values()) {
      if (!isReconciledTo(member, this.#targetEpoch.epoch)) return 'Reconciling'
    }
    return 'Stable'
  }

  get epoch(): number {
    return this.#epoch.epoch
  }

  get metadataHash(): bigint {
    return this.#epoch.metadataHash
  }

  get targetEpoch(): TargetEpoch {
    return this.#targetEpoch
  }

  get hasPartitionMetadata(): boolean {
    return this.#hasPartitionMetadata
  }

  get expressions(): ReadonlyMap<string, ResolvedExpression> {
    return this.#expressions
  }

  target(memberId: string): PartitionSet {
    return this.#targets.get(memberId) ?? noPartitions
  }

  /** Members for which a target is stored; one of them may be gone already. */
  get targets(): ReadonlyMap<string, PartitionSet> {
    return this.#targets
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID */
  member(memberId: string): ConsumerMember {
    const member = this.#members.get(memberId)
    if (member === undefined) {
      throw new KafkaError('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${this.groupId}.`)
    }
    return member
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.#memberIdsByInstance.get(instanceId)
    return memberId === undefined ? undefined : this.#members.get(memberId)
  }

  isOwned(topicId: string, partition: number): boolean {
    return this.#owners.get(topicId)?.has(partition) ?? false
  }

  /** All topics that members read by name or by a regular expression. */
  get subscribedTopics(): ReadonlySet<string> {
    const topics = new Set<string>()
    for (const member of this.#members.values()) {
      for (const name of this.topicsOf(member)) topics.add(name)
    }
    return topics
  }

  /** Names of the topics that the member reads; they need not exist. An expression that is not resolved matches nothing. */
  topicsOf({ subscribedTopicNames, subscribedTopicRegex }: ConsumerMember): ReadonlySet<string> {
    const topics = new Set(subscribedTopicNames)
    for (const name of this.#expressions.get(subscribedTopicRegex ?? '')?.topics ?? []) topics.add(name)
    return topics
  }

  isSubscribedTo(topic: string): boolean {
    for (const member of this.#members.values()) if (this.topicsOf(member).has(topic)) return true
    return false
  }

  /** Number of members that read by this expression. */
  countReadersBy(expression: string): number {
    let count = 0
    for (const member of this.#members.values()) if (member.subscribedTopicRegex === expression) count++
    return count
  }

  get readsByExpression(): boolean {
    for (const { subscribedTopicRegex } of this.#members.values()) if (subscribedTopicRegex) return true
    return false
  }

  get classicMembers(): ConsumerMember[] {
    return [...this.#members.values()].filter(member => member.classic !== null)
  }

  /** Whether what the member waits for is still with others. */
  isWaitingForOthers(member: ConsumerMember, catalog: TopicCatalog): boolean {
    const topics = this.topicsOf(member)
    for (const [topicId, partitions] of this.target(member.memberId)) {
      if (!topics.has(catalog.byId(topicId)?.name ?? '')) continue
      for (const partition of partitions) {
        if (!member.assigned.get(topicId)?.has(partition) && this.isOwned(topicId, partition)) return true
      }
    }
    return false
  }

  apply(change: ConsumerChange): void {
    switch (change.type) {
      case 'groupEpoch':
        this.#epoch = change.value ?? { epoch: 0, metadataHash: 0n }
        break
      case 'targetEpoch':
        this.#targetEpoch = change.value ?? { epoch: 0, timestampMs: 0 }
        break
      case 'partitionMetadata':
        this.#hasPartitionMetadata = change.value !== null
        break
      case 'target':
        if (change.value === null) this.#targets.delete(change.memberId)
        else this.#targets.set(change.memberId, change.value)
        break
      case 'expression':
        if (change.value === null) this.#expressions.delete(change.expression)
        else this.#expressions.set(change.expression, change.value)
        break
      case 'member': {
        const { memberId, value } = change
        if (value === null) this.#remove(memberId)
        else this.#replace({ ...(this.#members.get(memberId) ?? newMember(memberId)), ...value })
        break
      }
      case 'current': {
        const { memberId, value } = change
        const member = this.#members.get(memberId)
        // In a compacted log what is left of a member that is gone may come in any order.
        if (member === undefined && value === null) break
        this.#replace({ ...(member ?? newMember(memberId)), ...(value ?? initialAssignment) })
        break
      }
    }
  }

  /**
   * Who has which partition is worked out when all records are there: while a compacted log is read, records of different
   * members may be of different times.
   */
  finishLoading(): void {
    this.#isLoading = false
    for (const member of this.#members.values()) {
      this.#take(member.assigned, member.memberId)
      this.#take(member.pendingRevocation, member.memberId)
    }
  }

  /** A group of its own that is as this one is now: to try out changes on. */
  draft(): ConsumerGroup {
    const draft = new ConsumerGroup({ groupId: this.groupId, deadlines: null })
    for (const [memberId, member] of this.#members) draft.#members.set(memberId, member)
    for (const [instanceId, memberId] of this.#memberIdsByInstance) draft.#memberIdsByInstance.set(instanceId, memberId)
    for (const [memberId, target] of this.#targets) draft.#targets.set(memberId, target)
    for (const [expression, resolved] of this.#expressions) draft.#expressions.set(expression, resolved)
    for (const [topicId, owners] of this.#owners) draft.#owners.set(topicId, new Map(owners))
    draft.#epoch = this.#epoch
    draft.#targetEpoch = this.#targetEpoch
    draft.#hasPartitionMetadata = this.#hasPartitionMetadata
    draft.checkedCatalogVersion = this.checkedCatalogVersion
    return draft
  }

  /** What removes the group, members and all, from the log. */
  tombstones(): ConsumerChange[] {
    const changes: ConsumerChange[] = []
    for (const memberId of this.#members.keys()) changes.push({ type: 'current', memberId, value: null })
    for (const memberId of this.#targets.keys()) changes.push({ type: 'target', memberId, value: null })
    changes.push({ type: 'targetEpoch', value: null })
    for (const memberId of this.#members.keys()) changes.push({ type: 'member', memberId, value: null })
    for (const expression of this.#expressions.keys()) changes.push({ type: 'expression', expression, value: null })
    if (this.#hasPartitionMetadata) changes.push({ type: 'partitionMetadata', value: null })
    changes.push({ type: 'groupEpoch', value: null })
    return changes
  }

  /** What brings the group as it is into the log. */
  records(): ConsumerChange[] {
    const changes: ConsumerChange[] = []
    for (const [memberId, member] of this.#members)
      changes.push({ type: 'member', memberId, value: subscriptionOf(member) })
    changes.push({ type: 'groupEpoch', value: this.#epoch })
    for (const [memberId, value] of this.#targets) changes.push({ type: 'target', memberId, value })
    changes.push({ type: 'targetEpoch', value: this.#targetEpoch })
    for (const [memberId, member] of this.#members) {
      changes.push({ type: 'current', memberId, value: assignmentOf(member) })
    }
    return changes
  }

  #replace(member: ConsumerMember): void {
    const { memberId, instanceId } = member
    const before = this.#members.get(memberId)
    if (before !== undefined) {
      this.#release(before.assigned, memberId)
      this.#release(before.pendingRevocation, memberId)
      if (before.instanceId !== null && this.#memberIdsByInstance.get(before.instanceId) === memberId) {
        this.#memberIdsByInstance.delete(before.instanceId)
      }
    }
    this.#members.set(memberId, member)
    this.#take(member.assigned, memberId)
    this.#take(member.pendingRevocation, memberId)
    if (instanceId !== null) this.#memberIdsByInstance.set(instanceId, memberId)
  }

  #remove(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member === undefined) return
    this.#release(member.assigned, memberId)
    this.#release(member.pendingRevocation, memberId)
    if (member.instanceId !== null && this.#memberIdsByInstance.get(member.instanceId) === memberId) {
      this.#memberIdsByInstance.delete(member.instanceId)
    }
    this.#members.delete(memberId)
    this.deadlines?.cancel(memberId)
  }

  #take(partitions: OwnedPartitions, memberId: string): void {
    if (this.#isLoading) return
    for (const [topicId, ofTopic] of partitions) {
      let owners = this.#owners.get(topicId)
      if (owners === undefined) {
        owners = new Map()
        this.#owners.set(topicId, owners)
      }
      for (const partition of ofTopic.keys()) {
        const owner = owners.get(partition)
        assert(
          owner === undefined,
          `partition ${partition} of ${topicId} goes to ${memberId} of group ${this.groupId}, but ${owner} has it`,
        )
        owners.set(partition, memberId)
      }
    }
  }

  #release(partitions: OwnedPartitions, memberId: string): void {
    if (this.#isLoading) return
    for (const [topicId, ofTopic] of partitions) {
      const owners = this.#owners.get(topicId)
      for (const partition of ofTopic.keys()) {
        assert(
          owners?.get(partition) === memberId,
          `${memberId} gives up partition ${partition} of ${topicId}, which it has not`,
        )
        owners.delete(partition)
      }
      if (owners?.size === 0) this.#owners.delete(topicId)
    }
  }
}
