/**
 * The groups of one partition of `__consumer_offsets`: loaded from its log, then served from memory.
 *
 * Membership lives in memory and is stored once per generation (and when a static member changes its id), so that members
 * survive a restart. Committed offsets enter memory only when they are durable: what a fetch returns, no crash takes back.
 */

import { type ErrorName, KafkaError } from '@ottla/protocol'
import { assert } from './assert.ts'
import { ClassicGroup } from './classic-group.ts'
import { CommittedOffsets } from './committed-offsets.ts'
import { escapingLogger } from './escaping-logger.ts'
import type { GroupContext } from './group-context.ts'
import { GroupLog, type GroupStorage } from './group-log.ts'
import { type GroupRecord, storedGroup } from './group-records.ts'
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

/** loading → active or unavailable; any → stopped. */
type ShardState = 'loading' | 'active' | 'unavailable' | 'stopped'

export interface GroupEntry {
  readonly group: ClassicGroup
  readonly offsets: CommittedOffsets
}

/** What the shard needs of the world; it adds the log to it. */
export type ShardContext = Omit<GroupContext, 'storeGroup'>

export class GroupShard {
  readonly context: GroupContext
  readonly #log: GroupLog
  readonly #entries = new Map<string, GroupEntry>()
  /** Number of writes under way, by group. */
  readonly #storing = new Map<string, number>()
  readonly #nowMs: () => number
  #state: ShardState = 'loading'
  #loaded: Promise<void> | null = null

  constructor({ log, context }: { log: GroupStorage; context: ShardContext }) {
    const { clock } = context
    const logger = escapingLogger(context.logger)
    this.#log = new GroupLog({ log, clock, logger })
    this.#nowMs = () => clock.now()
    this.context = {
      ...context,
      logger,
      storeGroup: (group, assignments, done) => {
        const record: GroupRecord = { kind: 'group', groupId: group.groupId, value: storedGroup(group, assignments) }
        this.#log.append([record], error => {
          // The request was answered when the shard stopped; a group that is gone has nobody left to hear of it.
          if (this.#state !== 'stopped' && group.state !== 'Dead') done(error)
        })
      },
    }
  }

  /** Rebuilds all groups from the log, once; until then every request is told that loading is in progress. Never rejects. */
  load(): Promise<void> {
    this.#loaded ??= this.#load()
    return this.#loaded
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
    const entry = this.find(request.groupId) ?? (request.memberId === '' ? this.#newEntry(request.groupId) : undefined)
    if (entry === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    const { promise, resolve } = Promise.withResolvers<JoinResult>()
    joinGroup({ context: this.context, group: entry.group, request, caller, answer: resolve })
    // A new group whose first member was refused leaves nothing behind.
    this.#entries.set(request.groupId, entry)
    return promise
  }

  /** @throws KafkaError what the member is told instead */
  sync(request: SyncRequest): Promise<SyncResult> {
    const { promise, resolve } = Promise.withResolvers<SyncResult>()
    syncGroup(this.context, this.#memberGroup(request.groupId), request, resolve)
    return promise
  }

  /** @throws KafkaError what the member is told instead */
  heartbeat(groupId: string, identity: MemberIdentity): void {
    heartbeat(this.#memberGroup(groupId), identity)
  }

  /** Answers when the change is durable, if the group became empty by it. */
  async leave(groupId: string, leaving: readonly LeavingMember[]): Promise<LeaveResult[]> {
    const group = this.#memberGroup(groupId)
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
    for (const [topic, partitions] of entry.offsets.topics) {
      for (const partition of partitions.keys())
        records.push({ kind: 'offset', groupId, topic, partition, value: null })
    }
    records.push({ kind: 'group', groupId, value: null })
    await this.store(records)
    this.context.logger.info({ group: groupId }, 'group deleted')
  }

  /** Stores changes of one group and applies them to memory when they are durable, in the order in which they were given. */
  store(records: readonly GroupRecord[]): Promise<void> {
    const groupId = records[0]?.groupId
    assert(groupId !== undefined, 'there is nothing to store')
    this.#storing.set(groupId, (this.#storing.get(groupId) ?? 0) + 1)
    return new Promise((resolve, reject) => {
      this.#log.append(records, error => {
        const count = (this.#storing.get(groupId) ?? 0) - 1
        if (count > 0) this.#storing.set(groupId, count)
        else this.#storing.delete(groupId)
        if (error) return reject(error)
        for (const record of records) this.#apply(record)
        resolve()
      })
    })
  }

  /** Whether changes of the group are on their way to the disk. */
  isStoring(groupId: string): boolean {
    return this.#storing.has(groupId)
  }

  /** Answers everyone who waits with the error and lets go of all timers. What is stored stays. */
  stop(error: ErrorName): void {
    this.#state = 'stopped'
    for (const { group } of this.#entries.values()) {
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
      await this.#log.replay(record => {
        if (this.#state !== 'loading') throw new KafkaError('NOT_COORDINATOR', 'stopped while loading')
        this.#replay(record)
      })
    } catch (error) {
      if (this.#state !== 'loading') return
      logger.error({ partition, err: error }, 'the groups of a partition could not be loaded')
      this.#entries.clear()
      this.#state = 'unavailable'
      return
    }
    if (this.#state !== 'loading') return
    this.#state = 'active'
    for (const { group } of this.#entries.values()) startSessions(this.context, group)
    if (this.#entries.size > 0) logger.info({ partition, groups: this.#entries.size }, 'groups loaded')
  }

  #memberGroup(groupId: string): ClassicGroup {
    const entry = this.find(groupId)
    if (entry === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID')
    return entry.group
  }

  #replay(record: GroupRecord): void {
    if (record.kind === 'offset' || record.value === null) {
      this.#apply(record)
      return
    }
    const { groupId } = record
    const group = new ClassicGroup({ groupId, nowMs: this.#nowMs, restored: record.value })
    this.#entries.set(groupId, { group, offsets: this.#entries.get(groupId)?.offsets ?? new CommittedOffsets() })
  }

  #apply(record: GroupRecord): void {
    const { groupId } = record
    if (record.kind === 'group') {
      if (record.value === null) this.#forget(groupId)
    } else if (record.value !== null) {
      this.#findOrCreate(groupId).offsets.set(record.topic, record.partition, record.value)
    } else {
      this.#entries.get(groupId)?.offsets.delete(record.topic, record.partition)
    }
  }

  /**
   * What a stored deletion leaves of a group. One that somebody joined meanwhile lives on in memory, and is stored again with its
   * generation; offsets that somebody committed meanwhile stay, as those of a group that never had members. A restart comes to the same.
   */
  #forget(groupId: string): void {
    const entry = this.#entries.get(groupId)
    if (entry === undefined || (this.#state === 'active' && entry.group.state !== 'Empty')) return
    for (const memberId of entry.group.pendingMembers.keys()) entry.group.removePending(memberId)
    entry.group.transitionTo('Dead')
    if (entry.offsets.isEmpty) this.#entries.delete(groupId)
    else this.#entries.set(groupId, { group: this.#newEntry(groupId).group, offsets: entry.offsets })
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
