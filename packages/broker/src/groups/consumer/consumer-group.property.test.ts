/**
 * Random lives of a consumer group: members of both protocols come, work, lose answers, fall silent and go, topics are created, grow
 * and vanish, the broker restarts. Whatever the order: no two members that are in the group ever work on one partition, what a restart
 * reads is what was in memory, and when it gets quiet everything is assigned.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeConsumerProtocolAssignment, encodeConsumerProtocolSubscription, KafkaError } from '@ottla/protocol'
import fc from 'fast-check'
import { silentLogger } from '../../logger.ts'
import { TestTopics, testConsumerConfig, testSettings } from '../../testing/group-harness.ts'
import { ManualTime } from '../../testing/manual-time.ts'
import { MemoryLog } from '../../testing/memory-log.ts'
import { GroupShard } from '../group-shard.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { leaves, leavesTemporarily } from './consumer-member.ts'

const groupId = 'g'
const caller = { clientId: 'app', clientHost: '/10.0.0.1' }
const classicCaller = { ...caller, requiresKnownMemberId: false, canSkipAssignment: true }

class World {
  readonly time = new ManualTime()
  readonly log = new MemoryLog()
  readonly topics = new TestTopics({ t: 4, u: 3 })
  shard!: GroupShard
  #ids = 0

  async restart(): Promise<void> {
    this.shard?.stop('NOT_COORDINATOR')
    this.shard = new GroupShard({
      log: this.log,
      context: {
        settings: testSettings,
        timers: this.time,
        clock: this.time,
        logger: silentLogger,
        randomUuid: () => `id-${++this.#ids}`,
        randomMemberId: () => `id-${++this.#ids}`,
        topics: this.topics,
        configOf: () => testConsumerConfig,
      },
    })
    await this.shard.load()
  }

  get group(): ConsumerGroup | null {
    const group = this.shard.find(groupId)?.group
    return group instanceof ConsumerGroup ? group : null
  }
}

/** A consumer that does as KIP-848 tells it to; what it works on is what it was given and has not given up. */
class ModernClient {
  readonly instanceId: string | null
  memberId = ''
  epoch = 0
  isFullNext = false
  reads: readonly string[] = ['t']
  regex: string | null = null
  readonly owned = new Map<string, Set<number>>()
  /** What it shall have, not all of which it has to begin with at once. */
  #isAway = false
  readonly #name: string
  #lives = 0

  constructor(name: string, instanceId: string | null = null) {
    this.#name = name
    this.instanceId = instanceId
  }

  get isMember(): boolean {
    return this.epoch > 0
  }

  async beat(world: World, { loseAnswer = false }: { loseAnswer?: boolean } = {}): Promise<void> {
    const joins = this.epoch === 0
    if (joins && (this.memberId === '' || this.#isAway)) this.memberId = `${this.#name}-${++this.#lives}`
    if (joins) this.owned.clear()
    try {
      const result = await world.shard.consumerHeartbeat(
        {
          groupId,
          memberId: this.memberId,
          memberEpoch: this.epoch,
          instanceId: this.instanceId,
          rackId: null,
          rebalanceTimeoutMs: 30_000,
          subscribedTopicNames: this.reads,
          subscribedTopicRegex: this.regex,
          serverAssignor: null,
          topicPartitions: Array.from(this.owned, ([topicId, partitions]) => ({
            topicId,
            partitions: [...partitions],
          })),
        },
        caller,
      )
      if (loseAnswer) return
      this.#isAway = false
      this.epoch = result.memberEpoch
      if (result.assignment === null) return
      this.owned.clear()
      for (const { topicId, partitions } of result.assignment) this.owned.set(topicId, new Set(partitions))
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      assert.notEqual(error.errorName, 'UNKNOWN_SERVER_ERROR')
      this.#lose()
    }
  }

  async leave(world: World, forGood: boolean): Promise<void> {
    if (!this.isMember) return
    const memberEpoch = this.instanceId !== null && !forGood ? leavesTemporarily : leaves
    this.#isAway = memberEpoch === leavesTemporarily
    const nothing = { rackId: null, rebalanceTimeoutMs: -1, subscribedTopicNames: null, subscribedTopicRegex: null }
    const rest = { ...nothing, serverAssignor: null, topicPartitions: null, instanceId: this.instanceId }
    this.owned.clear()
    this.epoch = 0
    await world.shard
      .consumerHeartbeat({ groupId, memberId: this.memberId, memberEpoch, ...rest }, caller)
      .catch((error: unknown) => assert.ok(error instanceof KafkaError))
  }

  works(): [string, number][] {
    return [...this.owned].flatMap(([topicId, partitions]) =>
      [...partitions].map((p): [string, number] => [topicId, p]),
    )
  }

  #lose(): void {
    this.owned.clear()
    this.epoch = 0
  }
}

/** A consumer of the classic protocol with cooperative rebalancing, as it is treated in a consumer group. */
class ClassicClient {
  memberId = ''
  generationId = -1
  isMember = false
  readonly owned = new Map<string, Set<number>>()

  async beat(world: World): Promise<void> {
    if (world.group === null || world.group.members.size === 0) return this.#lose()
    try {
      if (this.isMember) {
        const identity = { memberId: this.memberId, groupInstanceId: null, generationId: this.generationId }
        try {
          world.shard.heartbeat(groupId, identity)
          return
        } catch (error) {
          if (!(error instanceof KafkaError) || error.errorName !== 'REBALANCE_IN_PROGRESS') throw error
        }
      }
      await this.#join(world)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#lose()
    }
  }

  async #join(world: World): Promise<void> {
    const ownedPartitions = [...this.owned].flatMap(([topicId, partitions]) => {
      const topic = world.topics.byId(topicId)
      return topic === undefined ? [] : { topic: topic.name, partitions: [...partitions] }
    })
    const subscription = {
      topics: ['t'],
      userData: null,
      ownedPartitions,
      generationId: this.generationId,
      rackId: null,
    }
    const protocols = [{ name: 'cooperative-sticky', metadata: encodeConsumerProtocolSubscription(subscription, 3) }]
    const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 30_000 }
    const joined = await world.shard.join(
      {
        groupId,
        memberId: this.memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols,
        ...times,
        reason: null,
      },
      classicCaller,
    )
    if (joined.error !== 'NONE') return this.#lose()
    this.memberId = joined.memberId
    this.generationId = joined.generationId!
    this.isMember = true
    const identity = { memberId: this.memberId, groupInstanceId: null, generationId: this.generationId }
    const synced = await world.shard.sync({
      groupId,
      ...identity,
      protocolType: null,
      protocolName: null,
      assignments: [],
    })
    this.owned.clear()
    for (const { topic, partitions } of decodeConsumerProtocolAssignment(synced.assignment!).assignedPartitions) {
      this.owned.set(world.topics.byName(topic)!.id, new Set(partitions))
    }
  }

  async leave(world: World): Promise<void> {
    if (!this.isMember || world.group === null) return
    await world.shard.leave(groupId, [{ memberId: this.memberId, groupInstanceId: null, reason: null }])
    this.#lose()
  }

  works(): [string, number][] {
    return [...this.owned].flatMap(([topicId, partitions]) =>
      [...partitions].map((p): [string, number] => [topicId, p]),
    )
  }

  #lose(): void {
    this.owned.clear()
    this.memberId = ''
    this.generationId = -1
    this.isMember = false
  }
}

const modern = fc.nat(3)
const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('beat' as const), client: modern }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('loseAnswer' as const), client: modern }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('classic' as const), client: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client: modern, forGood: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('classicLeave' as const), client: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      client: modern,
      reads: fc.constantFrom(['t'], ['u'], ['t', 'u'], []),
      regex: fc.constantFrom(null, 't|v', ''),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('topic' as const), name: fc.constantFrom('u', 'v'), count: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 50_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk' as const), isFull: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
)

test('never gives a partition to two members, survives restarts, and comes to rest with everything assigned', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 100, size: 'max' }), async actions => {
      const world = new World()
      await world.restart()
      const moderns = [
        new ModernClient('a'),
        new ModernClient('b'),
        new ModernClient('c', 'static-c'),
        new ModernClient('d', 'static-d'),
      ]
      const classics = [new ClassicClient(), new ClassicClient()]
      for (const step of actions) {
        switch (step.kind) {
          case 'beat':
            await moderns[step.client]!.beat(world)
            break
          case 'loseAnswer':
            await moderns[step.client]!.beat(world, { loseAnswer: true })
            break
          case 'classic':
            await classics[step.client]!.beat(world)
            break
          case 'leave':
            await moderns[step.client]!.leave(world, step.forGood)
            break
          case 'classicLeave':
            if (!world.log.isFull) await classics[step.client]!.leave(world)
            break
          case 'subscribe':
            moderns[step.client]!.reads = step.reads
            moderns[step.client]!.regex = step.regex
            break
          case 'topic':
            if (step.count === 0) world.topics.delete(step.name)
            else world.topics.set(step.name, Math.max(step.count, world.topics.byName(step.name)?.partitionCount ?? 0))
            break
          case 'advance':
            world.time.advance(step.ms)
            break
          case 'disk':
            world.log.isFull = step.isFull
            break
          case 'restart':
            await checkRestart(world)
            break
        }
        checkWork(world, [...moderns, ...classics])
      }
      world.log.isFull = false
      for (const client of moderns) client.regex = ''
      // Longer than a session: a member that was given up comes back, and partitions move once more.
      for (let round = 0; round < 40; round++) {
        for (const client of moderns) await client.beat(world)
        for (const client of classics) await client.beat(world)
        world.time.advance(5_000)
        checkWork(world, [...moderns, ...classics])
      }
      checkRest(world)
      await checkRestart(world)
      world.time.advance(3_600_000)
      assert.equal(world.time.size, 0, 'no timer is left when nobody is there')
      assert.equal(world.shard.find(groupId)?.group.members.size, 0)
    }),
    { numRuns: 300 },
  )
})

/** No partition is with two clients that are members. One that was put out does not know it yet: its commits are refused. */
function checkWork(world: World, clients: (ModernClient | ClassicClient)[]): void {
  const { group } = world
  const workers = new Map<string, string>()
  for (const client of clients) {
    const member = group?.members.get(client.memberId)
    if (!client.isMember || member === undefined) continue
    if (client instanceof ModernClient && client.epoch < member.previousMemberEpoch) continue
    for (const [topicId, partition] of client.works()) {
      const key = `${topicId}-${partition}`
      assert.equal(workers.get(key), undefined, `${key} is with ${workers.get(key)} and ${client.memberId}`)
      workers.set(key, client.memberId)
    }
  }
}

/** Everybody is stable, and every partition of every topic that somebody reads has one owner. */
function checkRest({ group, topics }: World): void {
  assert.ok(group !== null)
  assert.equal(group.state, 'Stable')
  for (const name of group.subscribedTopics) {
    const topic = topics.byName(name)
    for (let partition = 0; partition < (topic?.partitionCount ?? 0); partition++) {
      assert.ok(group.isOwned(topic!.id, partition), `${name}-${partition} is with nobody`)
    }
  }
}

/** What a restart reads is what was in memory. */
async function checkRestart(world: World): Promise<void> {
  const before = contents(world.group)
  await world.restart()
  assert.deepEqual(contents(world.group), before)
}

function contents(group: ConsumerGroup | null) {
  if (group === null) return null
  return {
    epoch: group.epoch,
    hash: group.metadataHash,
    targetEpoch: group.targetEpoch,
    state: group.state,
    members: new Map(group.members),
    targets: new Map(group.targets),
    expressions: new Map(group.expressions),
  }
}
