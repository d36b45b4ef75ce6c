/** One rule of the consumer group protocol each, through the shard as the handlers use it. */

import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import {
  type ErrorName,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  KafkaError,
} from '@ottla/protocol'
import { silentLogger } from '../../logger.ts'
import { TestTopics, testConsumerConfig, testSettings } from '../../testing/group-harness.ts'
import { ManualTime } from '../../testing/manual-time.ts'
import { MemoryLog } from '../../testing/memory-log.ts'
import { ClassicGroup } from '../classic-group.ts'
import { GroupShard } from '../group-shard.ts'
import { commitOffsets } from '../offset-operations.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { leaves, leavesTemporarily } from './consumer-member.ts'
import type { ConsumerHeartbeat } from './heartbeat.ts'
import type { MigrationPolicy } from './migration.ts'

const caller = { clientId: 'app', clientHost: '/10.0.0.1' }

let time: ManualTime
let log: MemoryLog
let topics: TestTopics
let shard: GroupShard

beforeEach(async () => {
  time = new ManualTime()
  log = new MemoryLog()
  topics = new TestTopics({ t: 4, u: 2 })
  await open()
})

async function open(
  options: { maxSize?: number; migrationPolicy?: MigrationPolicy; assignmentIntervalMs?: number } = {},
) {
  const { assignmentIntervalMs = 0, ...consumer } = options
  shard = new GroupShard({
    log,
    context: {
      settings: { ...testSettings, consumer: { ...testSettings.consumer, ...consumer } },
      timers: time,
      clock: time,
      logger: silentLogger,
      randomUuid: () => 'new-id',
      randomMemberId: () => 'new-id',
      topics,
      configOf: () => ({ ...testConsumerConfig, assignmentIntervalMs }),
    },
  })
  await shard.load()
}

const beat = (memberId: string, memberEpoch: number, more: Partial<ConsumerHeartbeat> = {}) =>
  shard.consumerHeartbeat(
    {
      ...{ groupId: 'g', memberId, memberEpoch, instanceId: null, rackId: null, rebalanceTimeoutMs: -1 },
      ...{ subscribedTopicNames: null, subscribedTopicRegex: null, serverAssignor: null, topicPartitions: null },
      ...more,
    },
    caller,
  )

const join = (memberId: string, more: Partial<ConsumerHeartbeat> = {}) =>
  beat(memberId, 0, { rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['t'], topicPartitions: [], ...more })

const refused = async (promise: Promise<unknown>, errorName: ErrorName): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)
}

function group(): ConsumerGroup {
  const found = shard.find('g')?.group
  assert.ok(found instanceof ConsumerGroup)
  return found
}

const id = (name: string): string => topics.byName(name)!.id

describe('a member', () => {
  test('gets what another has given up, not before', async () => {
    await join('a')
    assert.deepEqual((await join('b')).assignment, [])
    assert.deepEqual((await beat('a', 2)).assignment, [{ topicId: id('t'), partitions: [0, 1] }])
    assert.equal((await beat('b', 3)).assignment, null)
    const acknowledged = await beat('a', 2, { topicPartitions: [{ topicId: id('t'), partitions: [0, 1] }] })
    assert.equal(acknowledged.memberEpoch, 3)
    assert.deepEqual((await beat('b', 3)).assignment, [{ topicId: id('t'), partitions: [2, 3] }])
    assert.equal(group().state, 'Stable')
  })

  test('that does not give up in its rebalance timeout is out', async () => {
    await join('a', { rebalanceTimeoutMs: 10_000 })
    await join('b')
    await beat('a', 2)
    for (let i = 0; i < 3; i++) {
      time.advance(4_000)
      if (i < 2) await beat('a', 2)
    }
    await refused(beat('a', 2), 'UNKNOWN_MEMBER_ID')
    assert.equal((await beat('b', 3)).assignment?.[0]?.partitions.length, 4)
  })

  test('that is silent for its session timeout is out', async () => {
    await join('a')
    time.advance(44_000)
    await beat('a', 2)
    time.advance(44_000)
    assert.equal(group().members.size, 1)
    time.advance(2_000)
    assert.equal(group().state, 'Empty')
  })

  test('may come with the epoch before when it has nothing that was taken from it', async () => {
    await join('a')
    await join('b')
    await beat('a', 2)
    await beat('a', 2, { topicPartitions: [{ topicId: id('t'), partitions: [0, 1] }] })
    await refused(beat('a', 2), 'FENCED_MEMBER_EPOCH')
    await refused(beat('a', 2, { topicPartitions: [{ topicId: id('t'), partitions: [3] }] }), 'FENCED_MEMBER_EPOCH')
    assert.equal((await beat('a', 2, { topicPartitions: [{ topicId: id('t'), partitions: [0] }] })).memberEpoch, 3)
    await refused(beat('a', 4), 'FENCED_MEMBER_EPOCH')
  })

  test('finds a full group closed', async () => {
    await open({ maxSize: 1 })
    await join('a')
    await refused(join('b'), 'GROUP_MAX_SIZE_REACHED')
    await join('a')
  })

  test('with a static identity has its partitions kept while it is away', async () => {
    const identity = { instanceId: 'one' }
    await join('a', identity)
    await refused(join('b', identity), 'UNRELEASED_INSTANCE_ID')
    await beat('a', leavesTemporarily, identity)
    await join('other')
    const back = await join('b', identity)
    assert.equal(back.assignment?.[0]?.partitions.length, 2)
    await refused(beat('a', back.memberEpoch, identity), 'FENCED_INSTANCE_ID')
    await beat('b', leaves, identity)
    assert.equal(group().members.size, 1)
  })

  test('reads by a regular expression, of which new topics become part', async () => {
    await join('a', { subscribedTopicNames: null, subscribedTopicRegex: 't|x.*' })
    assert.deepEqual([...group().subscribedTopics], ['t'])
    topics.set('x-1', 1)
    const moved = await beat('a', 2)
    assert.deepEqual(moved.assignment?.map(({ topicId }) => topicId).sort(), [id('t'), id('x-1')].sort())
    await beat('a', 3, { subscribedTopicRegex: '', subscribedTopicNames: ['u'] })
    assert.equal(group().expressions.size, 0)
    await refused(join('b', { subscribedTopicRegex: '(' }), 'INVALID_REGULAR_EXPRESSION')
    assert.equal(group().members.size, 1)
  })
})

describe('a group', () => {
  test('is assigned anew when a topic gets partitions or goes', async () => {
    await join('a', { subscribedTopicNames: ['u'] })
    topics.set('u', 3)
    assert.deepEqual((await beat('a', 2)).assignment, [{ topicId: id('u'), partitions: [0, 1, 2] }])
    topics.delete('u')
    assert.deepEqual((await beat('a', 3)).assignment, [])
    assert.equal((await beat('a', 3, { topicPartitions: [] })).memberEpoch, 4)
  })

  test('joins what happens in one assignment interval into one target', async () => {
    await open({ assignmentIntervalMs: 1_000 })
    await join('a')
    assert.equal((await join('b')).memberEpoch, 2)
    assert.equal(group().state, 'Assigning')
    time.advance(1_000)
    assert.equal((await beat('b', 2)).memberEpoch, 3)
  })

  test('takes commits of the epochs in which the member had the partition', async () => {
    await join('a')
    await join('b')
    await beat('a', 2)
    await beat('a', 2, { topicPartitions: [{ topicId: id('t'), partitions: [0, 1] }] })
    const commit = (memberId: string, generationId: number, partition: number, knowsGroupIdNotFound = true) =>
      commitOffsets(shard, {
        ...{ groupId: 'g', retentionMs: null, knowsGroupIdNotFound },
        identity: { memberId, groupInstanceId: null, generationId },
        offsets: [{ topic: 't', topicId: id('t'), partition, offset: 1n, leaderEpoch: -1, metadata: '' }],
      })
    assert.deepEqual(await commit('a', 3, 0), ['NONE'])
    assert.deepEqual(await commit('a', 2, 0), ['NONE'])
    await refused(commit('a', 1, 0), 'STALE_MEMBER_EPOCH')
    await refused(commit('a', 2, 3), 'STALE_MEMBER_EPOCH')
    await refused(commit('a', 4, 0), 'STALE_MEMBER_EPOCH')
    await refused(commit('a', 3, 0, false), 'UNSUPPORTED_VERSION')
    await refused(commit('nobody', 3, 0), 'UNKNOWN_MEMBER_ID')
    await refused(commit('', -1, 0), 'UNKNOWN_MEMBER_ID')
  })

  test('is changed only by what the log accepts', async () => {
    await join('a')
    log.isFull = true
    await refused(join('b'), 'NOT_COORDINATOR')
    assert.equal(group().members.size, 1)
    assert.equal(group().epoch, 2)
    log.isFull = false
    await join('b')
  })

  test('is answered when it is durable, and loaded anew when the log loses what it had accepted', async () => {
    await join('a')
    log.isSlow = true
    const lost = join('b')
    let isAnswered = false
    lost.catch(() => {
      isAnswered = true
    })
    await Promise.resolve()
    assert.equal(isAnswered, false)
    log.loseWrites()
    await refused(lost, 'NOT_COORDINATOR')
    log.isSlow = false
    await shard.load()
    assert.deepEqual([...group().members.keys()], ['a'])
    assert.equal(group().epoch, 2)
    assert.equal((await beat('a', 2)).memberEpoch, 2)
  })

  test('can be deleted when it is empty, and nothing of it comes back', async () => {
    await join('a')
    await refused(shard.delete('g'), 'NON_EMPTY_GROUP')
    await beat('a', leaves)
    await shard.delete('g')
    assert.equal(shard.find('g'), undefined)
    await open()
    assert.equal(shard.find('g'), undefined)
  })
})

describe('a classic group', () => {
  const subscription = (owned: number[] = []) =>
    encodeConsumerProtocolSubscription(
      {
        ...{ topics: ['t'], userData: null, generationId: -1, rackId: null },
        ownedPartitions: owned.length === 0 ? [] : [{ topic: 't', partitions: owned }],
      },
      3,
    )
  const classicCaller = { ...caller, requiresKnownMemberId: false, canSkipAssignment: true }
  const classicJoin = (memberId: string, owned?: number[]) =>
    shard.join(
      {
        ...{ groupId: 'g', memberId, groupInstanceId: null, protocolType: 'consumer', reason: null },
        ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 30_000 },
        protocols: [{ name: 'range', metadata: subscription(owned) }],
      },
      classicCaller,
    )

  async function stable(): Promise<{ memberId: string; generationId: number; groupInstanceId: null }> {
    const joined = await classicJoin('')
    const identity = { memberId: joined.memberId, generationId: joined.generationId!, groupInstanceId: null }
    const assignment = encodeConsumerProtocolAssignment(
      { assignedPartitions: [{ topic: 't', partitions: [0, 1, 2, 3] }], userData: null },
      3,
    )
    const assignments = [{ memberId: joined.memberId, assignment }]
    await shard.sync({ groupId: 'g', ...identity, protocolType: null, protocolName: null, assignments })
    return identity
  }

  test('becomes a consumer group with its members at work, and a classic one again', async () => {
    const identity = await stable()
    assert.deepEqual((await join('modern')).assignment, [])
    assert.throws(() => shard.heartbeat('g', identity), /REBALANCE_IN_PROGRESS/)
    const rejoined = await classicJoin(identity.memberId, [0, 1, 2, 3])
    assert.equal(rejoined.generationId, 1)
    await classicJoin(identity.memberId, [0, 1])
    assert.deepEqual((await beat('modern', 2)).assignment, [{ topicId: id('t'), partitions: [2, 3] }])
    await open()
    assert.equal(group().classicMembers.length, 1)
    await beat('modern', leaves)
    const classic = shard.find('g')?.group
    assert.ok(classic instanceof ClassicGroup)
    assert.equal(classic.state, 'PreparingRebalance')
    assert.deepEqual([...classic.members.keys()], [identity.memberId])
    assert.equal((await classicJoin(identity.memberId)).generationId, 3)
    await open()
    assert.ok(shard.find('g')?.group instanceof ClassicGroup)
  })

  test('stays one where the policy says so', async () => {
    await open({ migrationPolicy: 'downgrade' })
    await stable()
    await refused(join('modern'), 'GROUP_ID_NOT_FOUND')
    assert.ok(shard.find('g')?.group instanceof ClassicGroup)
  })

  test('whose member does not follow in time goes on without it', async () => {
    const identity = await stable()
    await join('modern')
    assert.throws(() => shard.heartbeat('g', identity), /REBALANCE_IN_PROGRESS/)
    for (let i = 0; i < 4; i++) {
      time.advance(8_000)
      await beat('modern', 2).catch(() => undefined)
      try {
        shard.heartbeat('g', identity)
      } catch (error) {
        assert.ok(error instanceof KafkaError)
      }
    }
    assert.deepEqual([...group().members.keys()], ['modern'])
  })
})

test('nobody is late for a group whose log is offline, and the process lives on', async () => {
  await join('a')
  log.isOffline = true
  time.advance(60_000)
  log.isOffline = false
  assert.equal((await beat('a', 2)).memberEpoch, 2)
})

test('a new epoch begins when a member asks for another assignor', async () => {
  const first = await join('a', { serverAssignor: 'range' })
  const same = await join('a', { serverAssignor: 'range' })
  assert.equal(same.memberEpoch, first.memberEpoch)
  const other = await join('a', { serverAssignor: 'uniform' })
  assert.equal(other.memberEpoch, first.memberEpoch + 1)
})
