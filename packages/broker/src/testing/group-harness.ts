/** A classic group for tests: time moves by hand, and so does the disk when a test wants to look in between. */

import type { KafkaError } from '@ottla/protocol'
import { ClassicGroup, type StoredGroup } from '../groups/classic-group.ts'
import type { ConsumerGroupConfig } from '../groups/consumer/consumer-context.ts'
import type { TopicCatalog, TopicInfo } from '../groups/consumer/topics.ts'
import type { GroupContext, GroupSettings } from '../groups/group-context.ts'
import { storedGroup } from '../groups/group-records.ts'
import { joinGroup } from '../groups/join.ts'
import { leaveGroup } from '../groups/leave.ts'
import { startSessions } from '../groups/rebalance.ts'
import type { JoinRequest, JoinResult, LeavingMember, SyncResult } from '../groups/results.ts'
import { heartbeat, syncGroup } from '../groups/sync.ts'
import { silentLogger } from '../logger.ts'
import { ManualTime } from './manual-time.ts'

export const testSettings: GroupSettings = {
  initialRebalanceDelayMs: 0,
  maxSize: 2 ** 31 - 1,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  consumer: { assignors: ['uniform', 'range'], maxSize: 2 ** 31 - 1, migrationPolicy: 'bidirectional' },
}

/** Topics that groups see, by name, with their ids and numbers of partitions. */
export class TestTopics implements TopicCatalog {
  readonly #topics = new Map<string, TopicInfo>()
  #idCount = 0
  version = 0

  constructor(topics: Record<string, number> = {}) {
    for (const [name, partitionCount] of Object.entries(topics)) this.set(name, partitionCount)
  }

  /** Creates the topic, or gives it more partitions. */
  set(name: string, partitionCount: number): void {
    const id = this.#topics.get(name)?.id ?? `${String(++this.#idCount).padStart(21, '0')}A`
    this.#topics.set(name, { id, name, partitionCount })
    this.version++
  }

  delete(name: string): void {
    this.#topics.delete(name)
    this.version++
  }

  byName(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  byId(id: string): TopicInfo | undefined {
    return [...this.#topics.values()].find(topic => topic.id === id)
  }

  names(): Iterable<string> {
    return this.#topics.keys()
  }
}

export const testConsumerConfig: ConsumerGroupConfig = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 0,
}

/** An answer that may come later. */
export interface Pending<Result> {
  result: Result | null
  count: number
}

export type JoinOptions = Partial<JoinRequest> & {
  clientId?: string
  /** What an old client sends (before v4): the member gets its id with its first generation. */
  isOldClient?: boolean
  canSkipAssignment?: boolean
}

export class GroupHarness {
  readonly time = new ManualTime()
  readonly group: ClassicGroup
  readonly context: GroupContext
  /** Everything that was written, oldest first. */
  readonly stored: StoredGroup[] = []
  /** Writes that wait for `completeStores` when `holdsStores` is set. */
  holdsStores = false
  readonly #heldStores: ((error?: KafkaError) => void)[] = []
  #ids = 0

  constructor({ settings, restored }: { settings?: Partial<GroupSettings>; restored?: StoredGroup } = {}) {
    const nowMs = (): number => this.time.now()
    this.group = new ClassicGroup({ groupId: 'g', nowMs, ...(restored && { restored }) })
    this.context = {
      settings: { ...testSettings, ...settings },
      timers: this.time,
      clock: this.time,
      logger: silentLogger,
      randomUuid: () => String(++this.#ids),
      randomMemberId: () => String(++this.#ids),
      storeGroup: (group, assignments, done) => {
        const value = storedGroup(group, assignments)
        const complete = (error?: KafkaError): void => {
          if (!error) this.stored.push(value)
          done(error)
        }
        if (this.holdsStores) this.#heldStores.push(complete)
        else complete()
      },
    }
    startSessions(this.context, this.group)
  }

  /** Sends JoinGroup. Throws what the member would be told at once. */
  join(options: JoinOptions = {}): Pending<JoinResult> {
    const { clientId = 'client', isOldClient = false, canSkipAssignment = true, ...request } = options
    const pending: Pending<JoinResult> = { result: null, count: 0 }
    joinGroup({
      context: this.context,
      group: this.group,
      request: {
        groupId: 'g',
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: subscription('t') }],
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        reason: null,
        ...request,
      },
      caller: { clientId, clientHost: '/127.0.0.1', requiresKnownMemberId: !isOldClient, canSkipAssignment },
      answer: result => {
        pending.result = result
        pending.count++
      },
    })
    return pending
  }

  /** Gets a member id first, as clients since v4 do, and joins with it. */
  joinWithNewId(options: JoinOptions = {}): { memberId: string; joined: Pending<JoinResult> } {
    const { memberId } = this.join(options).result!
    return { memberId, joined: this.join({ ...options, memberId }) }
  }

  sync(
    memberId: string,
    options: { generationId?: number; assignments?: Record<string, string> } = {},
  ): Pending<SyncResult> {
    const { generationId = this.group.generationId, assignments = {} } = options
    const pending: Pending<SyncResult> = { result: null, count: 0 }
    const request = {
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: null,
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
    }
    syncGroup(this.context, this.group, request, result => {
      pending.result = result
      pending.count++
    })
    return pending
  }

  heartbeat(memberId: string, generationId = this.group.generationId): void {
    heartbeat(this.group, { memberId, groupInstanceId: null, generationId })
  }

  leave(...members: Partial<LeavingMember>[]): ReturnType<typeof leaveGroup> {
    const leaving = members.map(member => ({ memberId: '', groupInstanceId: null, reason: null, ...member }))
    return leaveGroup(this.context, this.group, leaving)
  }

  /** The disk is done with everything that was written so far, or refuses all of it. */
  completeStores(error?: KafkaError): void {
    for (const complete of this.#heldStores.splice(0)) complete(error)
  }

  /** A stable group of that many members, each with its name as assignment. The first is the leader. */
  static stable(count: number, options?: ConstructorParameters<typeof GroupHarness>[0]): [GroupHarness, string[]] {
    const harness = new GroupHarness(options)
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      ids.push(harness.joinWithNewId().memberId)
      for (const memberId of ids.slice(0, -1)) harness.join({ memberId })
    }
    const assignments = Object.fromEntries(ids.map((id, i) => [id, `work ${i}`]))
    for (const id of ids.toReversed()) harness.sync(id, { assignments })
    return [harness, ids]
  }
}

/** What a consumer sends when it joins: version 0 of the subscription, without user data. */
export function subscription(...topics: string[]): Buffer {
  const header = Buffer.alloc(6)
  header.writeInt32BE(topics.length, 2)
  const names = topics.flatMap(topic => {
    const length = Buffer.alloc(2)
    length.writeInt16BE(Buffer.byteLength(topic))
    return [length, Buffer.from(topic)]
  })
  return Buffer.concat([header, ...names, Buffer.from([0xff, 0xff, 0xff, 0xff])])
}
