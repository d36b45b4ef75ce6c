/**
 * The groups of one partition of `__consumer_offsets`: loaded from its log, then served from memory.
 *
 * Membership of classic groups lives in memory and is stored once per generation (and when a static member changes its id), so that
 * members survive a restart. Consumer groups (KIP-848) are what their records say: a change is applied when the log has accepted it and
 * answered when it is durable. Committed offsets enter memory only when they are durable: what a fetch returns, no crash takes back.
 *
 * Longer than other files because every request of a group enters here, of both protocols.
 */

import { type ErrorName, KafkaError } from '@ottla/protocol'
import { type RecordPlace, StateLog, type StateStorage, type TransactionMarker } from '../coordinators/state-log.ts'
import { assert } from './assert.ts'
import { ClassicGroup } from './classic-group.ts'
import { CommittedOffsets, type PartitionOffset } from './committed-offsets.ts'
import { heartbeatAsClassic, joinAsClassic, leaveAsClassic, syncAsClassic } from './consumer/classic-members.ts'
import type { ConsumerContext } from './consumer/consumer-context.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import type { ConsumerChange } from './consumer/consumer-records.ts'
import { expireMember, startDeadlines } from './consumer/departure.ts'
import {
  type ConsumerCaller,
  type ConsumerHeartbeat,
  type ConsumerHeartbeatResult,
  consumerHeartbeat,
} from './consumer/heartbeat.ts'
import { MemberDeadlines } from './consumer/member-deadlines.ts'
import { loadExpressionEngine } from './consumer/regular-expressions.ts'
import { escapingLogger } from './escaping-logger.ts'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord, storedGroup } from './group-records.ts'
import { joinGroup } from './join.ts'
import { leaveGroup } from './leave.ts'
import { cancelPhaseDeadline, startSessions } from './rebalance.ts'
import type {
  JoinCaller,
  JoinRequest,
  JoinResult,
  LeaveResult,
  LeavingMember,
  MemberIdentity,
  SyncRequest,
  SyncResult,
} from './results.ts'
import { heartbeat, syncGroup } from './sync.ts'

/** loading → active or unavailable; active → loading when the log fails after it has accepted something; any → stopped. */
type ShardState = 'loading' | 'active' | 'unavailable' | 'stopped'

export type Group = ClassicGroup | ConsumerGroup

export interface GroupEntry {
  readonly group: Group
  readonly offsets: CommittedOffsets
}

/** What the shard needs of the world; it adds the log to it. */
export type ShardContext = Omit<ConsumerContext, 'storeGroup' | 'change' | 'find'>

export class GroupShard {
  readonly context: ConsumerContext
  readonly #log: StateLog<GroupRecord>
  readonly #entries = new Map<string, GroupEntry>()
  /** The groups in which a producer's open transaction has committed something. */
  readonly #openTransactions = new Map<number, Set<string>>()
  /** Number of writes under way, by group. */
  readonly #storing = new Map<string, number>()
  readonly #nowMs: () => number
  #state: ShardState = 'loading'
  #loaded: Promise<void> | null = null

  constructor({ log, context }: { log: StateStorage; context: ShardContext }) {
    const { clock } = context
    const logger = escapingLogger(context.logger)
    this.#log = new StateLog({ log, format: { encode: encodeGroupRecord, decode: decodeGroupRecord }, clock, logger })
    this.#nowMs = () => clock.now()
    this.context = {
      ...context,
      logger,
      storeGroup: (group, assignments, done) => {
        const record: GroupRecord = { kind: 'group', groupId: group.groupId, value: storedGroup(group, assignments) }
        this.#log.append([record], error => {
          // Whoever waited was answered when the shard stopped, or when the groups were loaded anew and this one became another.
          if (this.#state !== 'stopped' && this.#entries.get(group.groupId)?.group === group) done(error)
        })
      },
      change: (groupId, records) => this.#change(groupId, records),
      find: groupId => this.find(groupId)?.group,
    }
  }

  /** Rebuilds all groups from the log, once; until then every request is told that loading is in progress. Never rejects. */
  load(): Promise<void> {
    this.#loaded ??= this.#load()
    return this.#loaded
  }

  /** Number of the partition of `__consumer_offsets`. */
  get partition(): number {
    return this.#log.partition
  }

  get isLoading(): boolean {
    return this.#state === 'loading'
  }

  /** @throws KafkaError COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE */
  assertActive(): void {
    if (this.#state === 'loading') throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS')
    if (this.#state !== 'active' || this.#log.isOffline) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
  }

  get entries(): ReadonlyMap<string, GroupEntry> {
    return this.#entries
  }

  find(groupId: string): GroupEntry | undefined {
    this.assertActive()
    return this.#entries.get(groupId)
  }

  /** @throws KafkaError what the member is told instead */
  join(request: JoinRequest, caller: JoinCaller): Promise<JoinResult> {
    const { groupId } = request
    const found = this.find(groupId)?.group
    if (found instanceof ConsumerGroup) {
      if (found.members.size > 0) return this.#joinConsumerGroup(found, request, caller)
      this.#deleteEmptyConsumerGroup(found)
    }
    const entry = this.find(groupId) ?? (request.memberId === '' ? this.#newEntry(groupId) : undefined)
    if (entry === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    const { group } = entry
    assert(group instanceof ClassicGroup, `group ${groupId} is not a classic one`)
    const { promise, resolve } = Promise.withResolvers<JoinResult>()
    joinGroup({ context: this.context, group, request, caller, answer: resolve })
    // A new group whose first member was refused leaves nothing behind.
    this.#entries.set(groupId, entry)
    return promise
  }

  /** @throws KafkaError what the member is told instead */
  async consumerHeartbeat(request: ConsumerHeartbeat, caller: ConsumerCaller): Promise<ConsumerHeartbeatResult> {
    const group = this.find(request.groupId)?.group
    if (request.subscribedTopicRegex || (group instanceof ConsumerGroup && group.readsByExpression)) {
      await loadExpressionEngine()
      this.assertActive()
    }
    const memberId = request.memberId === '' ? this.context.randomMemberId() : request.memberId
    return await consumerHeartbeat(this.context, { ...request, memberId }, caller)
  }

  /** @throws KafkaError what the member is told instead */
  sync(request: SyncRequest): Promise<SyncResult> {
    const group = this.#memberGroup(request.groupId)
    if (group instanceof ConsumerGroup) return syncAsClassic(this.context, group, request)
    const { promise, resolve } = Promise.withResolvers<SyncResult>()
    syncGroup(this.context, group, request, resolve)
    return promise
  }

  /** @throws KafkaError what the member is told instead */
  heartbeat(groupId: string, identity: MemberIdentity): void {
    const group = this.#memberGroup(groupId)
    if (group instanceof ConsumerGroup) heartbeatAsClassic(this.context, group, identity)
    else heartbeat(group, identity)
  }

  /** Answers when the change is durable, if the group became empty by it. */
  async leave(groupId: string, leaving: readonly LeavingMember[]): Promise<LeaveResult[]> {
    const group = this.#memberGroup(groupId)
    if (group instanceof ConsumerGroup) return await leaveAsClassic(this.context, group, leaving)
    const results = leaveGroup(this.context, group, leaving)
    if (group.state === 'Empty') await this.#log.flush()
    return results
  }

  /**
   * Deletes a group with its offsets; it may not have members.
   * @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP
   */
  async delete(groupId: string): Promise<void> {
    const entry = this.find(groupId)
    if (entry === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    if (entry.group.state !== 'Empty') throw new KafkaError('NON_EMPTY_GROUP', `The group ${groupId} is not empty.`)
    const records: GroupRecord[] = []
    for (const { topic, partition } of [...entry.offsets.all(), ...entry.offsets.pending()]) {
      records.push({ kind: 'offset', groupId, topic, partition, value: null })
    }
    if (entry.group instanceof ConsumerGroup) {
      await this.#change(groupId, [...records, ...tombstonesOf(entry.group)])
    } else {
      records.push({ kind: 'group', groupId, value: null })
      await this.store(records)
    }
    this.context.logger.info({ group: groupId }, 'group deleted')
  }

  /** Forgets a group that has neither members nor offsets. */
  async expireGroup(group: Group): Promise<void> {
    const { groupId } = group
    if (group instanceof ConsumerGroup) await this.#change(groupId, tombstonesOf(group))
    else await this.store([{ kind: 'group', groupId, value: null }])
  }

  /**
   * Stores changes of one group and applies them to memory when they are durable, in the order in which they were given. With a `producer`
   * they belong to its transaction, and count once that is committed.
   */
  store(
    records: readonly GroupRecord[],
    producer: { readonly producerId: number; readonly producerEpoch: number } | null = null,
  ): Promise<void> {
    const groupId = records[0]?.groupId
    assert(groupId !== undefined, 'there is nothing to store')
    const stored = this.#beginStoring(groupId)
    return new Promise((resolve, reject) => {
      const done = (error: KafkaError | undefined, baseOffset: number): void => {
        stored()
        if (error) {
          reject(error)
          return
        }
        const producerId = producer?.producerId ?? null
        records.forEach((record, index) => {
          this.#apply(record, { offset: baseOffset + index, producerId })
        })
        resolve()
      }
      this.#log.append(records, done, producer)
    })
  }

  /**
   * Ends a producer's transaction: what it has committed counts from when the marker is durable, in all groups at once. Resolves then.
   * Waits for groups that are being loaded.
   * @throws KafkaError when the marker could not be stored
   */
  async endTransaction(marker: TransactionMarker): Promise<void> {
    await this.load()
    this.assertActive()
    await new Promise<void>((resolve, reject) => {
      this.#log.appendMarker(marker, error => {
        if (error) return reject(error)
        this.#endTransaction(marker.producerId, marker.result)
        resolve()
      })
    })
  }

  /** Whether changes of the group are on their way to the disk. */
  isStoring(groupId: string): boolean {
    return this.#storing.has(groupId)
  }

  /** What has been changed so far of the group is durable when it resolves: what an answer shows, no crash takes back. */
  async settled(groupId: string): Promise<void> {
    if (this.isStoring(groupId)) await this.#log.flush()
  }

  /** Answers everyone who waits with the error and lets go of all timers. What is stored stays. */
  stop(error: ErrorName): void {
    this.#state = 'stopped'
    this.#release(error)
  }

  #release(error: ErrorName): void {
    for (const { group } of this.#entries.values()) {
      if (group instanceof ConsumerGroup) {
        group.deadlines?.cancelAll()
        continue
      }
      cancelPhaseDeadline(group)
      for (const memberId of group.pendingMembers.keys()) group.removePending(memberId)
      for (const member of group.members.values()) {
        member.answerJoin({ error, memberId: member.memberId })
        member.answerSync({ error })
        member.setSession(null)
      }
    }
  }

  async #load(): Promise<void> {
    const { logger } = this.context
    const { partition } = this.#log
    try {
      await this.#log.replay({
        record: (record, place) => {
          if (this.#state !== 'loading') throw new KafkaError('NOT_COORDINATOR', 'stopped while loading')
          this.#replay(record, place)
        },
        endTransaction: (producerId, result) => this.#endTransaction(producerId, result),
      })
    } catch (error) {
      if (this.#state !== 'loading') return
      logger.error({ partition, err: error }, 'the groups of a partition could not be loaded')
      this.#entries.clear()
      this.#openTransactions.clear()
      this.#state = 'unavailable'
      return
    }
    if (this.#state !== 'loading') return
    this.#state = 'active'
    for (const { group } of this.#entries.values()) {
      if (group instanceof ConsumerGroup) startDeadlines(this.context, group)
      else startSessions(this.context, group)
    }
    if (this.#entries.size > 0) logger.info({ partition, groups: this.#entries.size }, 'groups loaded')
  }

  async #joinConsumerGroup(group: ConsumerGroup, request: JoinRequest, caller: JoinCaller): Promise<JoinResult> {
    if (group.readsByExpression) {
      await loadExpressionEngine()
      // The group may have changed meanwhile.
      if (this.find(request.groupId)?.group !== group) return await this.join(request, caller)
    }
    try {
      return await joinAsClassic(this.context, group, request, caller)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      return { error: error.errorName, memberId: '' }
    }
  }

  /** A classic member is the first to come after all of the other protocol have gone: the group begins anew, with its offsets. */
  #deleteEmptyConsumerGroup(group: ConsumerGroup): void {
    this.#change(group.groupId, tombstonesOf(group)).catch((error: unknown) => {
      // The groups are loaded anew, and whoever waits is told.
      this.context.logger.warn({ group: group.groupId, err: error }, 'that a group begins anew could not be stored')
    })
  }

  /** See `ConsumerContext.change`. */
  #change(groupId: string, records: readonly GroupRecord[]): Promise<void> {
    this.assertActive()
    if (records.length === 0) return this.settled(groupId)
    const stored = this.#beginStoring(groupId)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let isAccepted = false
    let refusal: KafkaError | undefined
    this.#log.append(records, error => {
      stored()
      if (error === undefined) return resolve()
      if (!isAccepted) {
        refusal = error
        return
      }
      this.#reload(error)
      reject(error)
    })
    if (refusal !== undefined) throw refusal
    isAccepted = true
    // What changes a group itself is never part of a transaction, and where it stands is of no importance.
    for (const record of records) this.#replay(record, { offset: -1, producerId: null })
    return promise
  }

  #beginStoring(groupId: string): () => void {
    this.#storing.set(groupId, (this.#storing.get(groupId) ?? 0) + 1)
    return () => {
      const count = (this.#storing.get(groupId) ?? 0) - 1
      if (count > 0) this.#storing.set(groupId, count)
      else this.#storing.delete(groupId)
    }
  }

  /** Memory holds what the log has lost: only the log is right. */
  #reload(error: KafkaError): void {
    if (this.#state !== 'active') return
    this.context.logger.error(
      { partition: this.#log.partition, err: error },
      'changes of groups are lost: loading them anew',
    )
    this.#state = 'loading'
    this.#release('NOT_COORDINATOR')
    this.#entries.clear()
    this.#openTransactions.clear()
    this.#loaded = this.#load()
  }

  #memberGroup(groupId: string): Group {
    const entry = this.find(groupId)
    if (entry === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    return entry.group
  }

  /** Makes memory what it is after the record, as a restart would. */
  #replay(record: GroupRecord, place: RecordPlace): void {
    const { groupId } = record
    if (record.kind === 'consumer') {
      this.#applyToConsumerGroup(groupId, record.change)
      return
    }
    if (record.kind === 'group' && record.value === null) {
      if (this.#entries.get(groupId)?.group instanceof ClassicGroup) this.#replaceByEmpty(groupId)
      return
    }
    if (record.kind === 'offset') {
      this.#apply(record, place)
      return
    }
    assert(record.value !== null, `a group record of ${groupId} has no value`)
    const group = new ClassicGroup({ groupId, nowMs: this.#nowMs, restored: record.value })
    this.#entries.set(groupId, { group, offsets: this.#entries.get(groupId)?.offsets ?? new CommittedOffsets() })
  }

  #apply(record: GroupRecord, { offset: logOffset, producerId }: RecordPlace): void {
    const { groupId } = record
    if (record.kind === 'group') {
      if (record.value === null) this.#forget(groupId)
    } else if (record.kind === 'consumer') {
      this.#applyToConsumerGroup(groupId, record.change)
    } else if (record.value !== null) {
      const { topic, partition } = record
      const offset = { ...record.value, logOffset }
      if (producerId === null) this.#findOrCreate(groupId).offsets.set(topic, partition, offset)
      else this.#addPending(groupId, producerId, { topic, partition, offset })
    } else {
      this.#entries.get(groupId)?.offsets.delete(record.topic, record.partition)
    }
  }

  #addPending(groupId: string, producerId: number, offset: PartitionOffset): void {
    this.#findOrCreate(groupId).offsets.setPending(producerId, offset)
    const groupIds = this.#openTransactions.get(producerId)
    if (groupIds === undefined) this.#openTransactions.set(producerId, new Set([groupId]))
    else groupIds.add(groupId)
  }

  #endTransaction(producerId: number, result: TransactionMarker['result']): void {
    for (const groupId of this.#openTransactions.get(producerId) ?? []) {
      this.#entries.get(groupId)?.offsets.endTransaction(producerId, result)
    }
    this.#openTransactions.delete(producerId)
  }

  /**
   * What a stored deletion leaves of a group. One that somebody joined meanwhile lives on in memory, and is stored again with its
   * generation; offsets that somebody committed meanwhile stay, as those of a group that never had members. A restart comes to the same.
   */
  #forget(groupId: string): void {
    const entry = this.#entries.get(groupId)
    if (entry === undefined || !(entry.group instanceof ClassicGroup)) return
    if (this.#state === 'active' && entry.group.state !== 'Empty') return
    for (const memberId of entry.group.pendingMembers.keys()) entry.group.removePending(memberId)
    this.#replaceByEmpty(groupId)
  }

  /** Only the offsets of the group stay, if there are any. */
  #replaceByEmpty(groupId: string): void {
    const entry = this.#entries.get(groupId)
    if (entry === undefined) return
    if (entry.group instanceof ClassicGroup) entry.group.transitionTo('Dead')
    if (entry.offsets.isEmpty) this.#entries.delete(groupId)
    else this.#entries.set(groupId, { group: this.#newEntry(groupId).group, offsets: entry.offsets })
  }

  #applyToConsumerGroup(groupId: string, change: ConsumerChange): void {
    let group = this.#entries.get(groupId)?.group
    if (!(group instanceof ConsumerGroup)) {
      // What is left of a group that was deleted.
      if (change.value === null) return
      group = this.#newConsumerGroup(groupId)
      this.#entries.set(groupId, { group, offsets: this.#entries.get(groupId)?.offsets ?? new CommittedOffsets() })
    }
    group.apply(change)
    if (change.type !== 'groupEpoch' || change.value !== null) return
    group.deadlines?.cancelAll()
    this.#replaceByEmpty(groupId)
  }

  #newConsumerGroup(groupId: string): ConsumerGroup {
    const deadlines = new MemberDeadlines({
      timers: this.context.timers,
      onMissed: (memberId, kind) => {
        // Nothing can be stored any more, and nobody is served: not even this member has been late for anything.
        if (this.#state === 'active' && !this.#log.isOffline) expireMember(this.context, { groupId, memberId, kind })
      },
    })
    return new ConsumerGroup({ groupId, deadlines, isLoading: this.#state === 'loading' })
  }

  #findOrCreate(groupId: string): GroupEntry {
    let entry = this.#entries.get(groupId)
    if (entry === undefined) {
      entry = this.#newEntry(groupId)
      this.#entries.set(groupId, entry)
    }
    return entry
  }

  #newEntry(groupId: string): GroupEntry {
    return { group: new ClassicGroup({ groupId, nowMs: this.#nowMs }), offsets: new CommittedOffsets() }
  }
}

function tombstonesOf(group: ConsumerGroup): GroupRecord[] {
  return group.tombstones().map(change => ({ kind: 'consumer', groupId: group.groupId, change }))
}
