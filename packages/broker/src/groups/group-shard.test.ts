import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { defaultLogConfig, LogDirectory } from '@ottla/log'
import { buildRecordBatch, type ErrorName, KafkaError } from '@ottla/protocol'
import type { StateStorage } from '../coordinators/state-log.ts'
import { silentLogger } from '../logger.ts'
import { subscription, TestTopics, testConsumerConfig, testSettings } from '../testing/group-harness.ts'
import { ManualTime } from '../testing/manual-time.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import { ClassicGroup } from './classic-group.ts'
import type { CommittedOffsets } from './committed-offsets.ts'
import { GroupShard } from './group-shard.ts'
import { commitOffsets, deleteOffsets, expireOffsets, forgetTopic } from './offset-operations.ts'
import type { JoinRequest, JoinResult } from './results.ts'

const refuses = (act: () => unknown, errorName: ErrorName): void => {
  assert.throws(act, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)
}

const rejects = async (promise: Promise<unknown>, errorName: ErrorName): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)
}

let path: string
let logs: LogDirectory
let time: ManualTime

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'ottla-groups-'))
  time = new ManualTime()
  logs = await openLogs()
})

afterEach(async () => {
  await logs.close()
  await rm(path, { recursive: true })
})

function openLogs(): Promise<LogDirectory> {
  return LogDirectory.open({ path, logger: silentLogger, durability: 'os' })
}

async function openShard(wrap: (log: StateStorage) => StateStorage = log => log): Promise<GroupShard> {
  const topic = '__consumer_offsets'
  const log =
    logs.get(topic, 0) ??
    (await logs.create({ topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0, config: defaultLogConfig }))
  const shard = shardOn(wrap(log))
  await shard.load()
  return shard
}

function shardOn(log: StateStorage): GroupShard {
  return new GroupShard({
    log,
    context: {
      settings: testSettings,
      timers: time,
      clock: time,
      logger: silentLogger,
      randomUuid: randomUUID,
      randomMemberId: randomUUID,
      topics: new TestTopics(),
      configOf: () => testConsumerConfig,
    },
  })
}

function joinRequest(request: Partial<JoinRequest> = {}): JoinRequest {
  return {
    groupId: 'g',
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [
      { name: 'range', metadata: subscription('t') },
      { name: 'other', metadata: subscription('t') },
    ],
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    reason: null,
    ...request,
  }
}

const caller = { clientId: 'app', clientHost: '/10.0.0.1', requiresKnownMemberId: false, canSkipAssignment: true }

function join1(shard: GroupShard, request: Partial<JoinRequest> = {}): Promise<JoinResult> {
  return shard.join(joinRequest(request), caller)
}

async function sync(shard: GroupShard, { memberId, generationId = 0 }: JoinResult, work: string, groupId = 'g') {
  const assignments = [{ memberId, assignment: Buffer.from(work) }]
  const request = { groupId, generationId, memberId, groupInstanceId: null, protocolType: null, protocolName: null }
  return shard.sync({ ...request, assignments })
}

async function stableMember(shard: GroupShard, request: Partial<JoinRequest> = {}): Promise<JoinResult> {
  const joined = await join1(shard, request)
  assert.equal((await sync(shard, joined, 'work', request.groupId)).error, 'NONE')
  return joined
}

interface Commit {
  groupId?: string
  memberId?: string
  generationId?: number
  retentionMs?: number | null
  topic?: string
  partition?: number
  offset?: bigint
  metadata?: string
  knowsGroupIdNotFound?: boolean
}

function commit(shard: GroupShard, options: Commit = {}): Promise<ErrorName[]> {
  const { groupId = 'g', memberId = '', generationId = -1, retentionMs = null, ...rest } = options
  const { topic = 't', partition = 0, offset = 42n, metadata = '', knowsGroupIdNotFound = true } = rest
  return commitOffsets(shard, {
    groupId,
    identity: { memberId, groupInstanceId: null, generationId },
    retentionMs,
    knowsGroupIdNotFound,
    offsets: [{ topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAg', partition, offset, leaderEpoch: 3, metadata }],
  })
}

/** All that a client can learn of a shard. */
function contents(shard: GroupShard) {
  return [...shard.entries].map(([groupId, { group, offsets }]) => {
    assert.ok(group instanceof ClassicGroup)
    return contentsOf(groupId, group, offsets)
  })
}

function contentsOf(groupId: string, group: ClassicGroup, offsets: CommittedOffsets) {
  return {
    groupId,
    state: group.state,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    stateTimestampMs: group.stateTimestampMs,
    members: [...group.members.values()].map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      metadata: member.metadata(group.protocolName!),
      assignment: member.assignment,
    })),
    offsets: [...offsets.topics].map(([topic, partitions]) => [topic, [...partitions]]),
  }
}

const sorted = (shard: GroupShard) => contents(shard).toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))

describe('restarting', () => {
  test('brings back members, generation, assignments and offsets as they were', async () => {
    const before = await openShard()
    const member = await stableMember(before)
    await stableMember(before, { groupId: 'static', groupInstanceId: 'i' })
    const { memberId, generationId = -1 } = member
    await commit(before, { memberId, generationId, offset: 7n, metadata: 'seven' })
    await commit(before, { memberId, generationId, partition: 1, offset: 2n ** 62n, retentionMs: 1_000_000 })
    await commit(before, { groupId: 'simple', topic: 'u' })
    const leaving = await stableMember(before, { groupId: 'left' })
    await before.leave('left', [{ memberId: leaving.memberId, groupInstanceId: null, reason: null }])
    const expected = sorted(before)
    before.stop('NOT_COORDINATOR')
    await logs.close()
    logs = await openLogs()

    const after = await openShard()
    const restored = sorted(after)
    // A retention of its own takes the record version that has neither leader epoch nor topic id, as in Kafka.
    for (const group of expected) {
      for (const [, partitions] of group.offsets as [string, [number, { expireTimestampMs: number | null }][]][]) {
        for (const entry of partitions) {
          if (entry[1].expireTimestampMs !== null) entry[1] = { ...entry[1], leaderEpoch: -1, topicId: null } as never
        }
      }
    }
    for (const group of expected.concat(restored)) if (group.groupId === 'simple') group.stateTimestampMs = null
    assert.deepEqual(restored, expected)
    assert.deepEqual(
      expected.map(group => [group.groupId, group.state]),
      [
        ['g', 'Stable'],
        ['left', 'Empty'],
        ['simple', 'Empty'],
        ['static', 'Stable'],
      ],
    )

    after.heartbeat('g', { memberId, groupInstanceId: null, generationId })
    assert.equal((await sync(after, member, '')).assignment?.toString(), 'work')
    assert.deepEqual(await commit(after, { memberId, generationId, offset: 8n }), ['NONE'])
  })

  test('gives members a whole session from then on', async () => {
    const before = await openShard()
    const { memberId, generationId = -1 } = await stableMember(before)
    before.stop('NOT_COORDINATOR')
    time.advance(3_600_000)
    const after = await openShard()
    time.advance(9_999)
    after.heartbeat('g', { memberId, groupInstanceId: null, generationId })
    time.advance(10_000)
    refuses(() => after.heartbeat('g', { memberId, groupInstanceId: null, generationId }), 'UNKNOWN_MEMBER_ID')
  })

  test('does not bring back what was deleted', async () => {
    const before = await openShard()
    await commit(before)
    await commit(before, { groupId: 'h' })
    await commit(before, { groupId: 'h', partition: 1 })
    await before.delete('g')
    assert.deepEqual(await deleteOffsets(before, { groupId: 'h', offsets: [{ topic: 't', partition: 0 }] }), ['NONE'])
    const after = await openShard()
    assert.deepEqual([...after.entries.keys()], ['h'])
    assert.deepEqual([...after.find('h')!.offsets.topics.get('t')!.keys()], [1])
  })

  test('passes over records that it does not know', async () => {
    const before = await openShard()
    await commit(before)
    const unknownKeys = [Buffer.from([0x7f, 0xff]), Buffer.from([0, 3, 0, 1, 0x67]), Buffer.from([0])]
    for (const key of [...unknownKeys, null]) {
      const record = { timestamp: 0, key, value: Buffer.from('x'), headers: [] }
      logs
        .get('__consumer_offsets', 0)!
        .append(buildRecordBatch({ baseOffset: 0, records: [record] }), { origin: 'coordinator' })
    }
    await logs.get('__consumer_offsets', 0)!.flush()
    const after = await openShard()
    assert.deepEqual([...after.entries.keys()], ['g'])
  })

  test('answers nobody before it is done', async () => {
    const before = await openShard()
    await commit(before)
    const shard = shardOn(logs.get('__consumer_offsets', 0)!)
    refuses(() => shard.find('g'), 'COORDINATOR_LOAD_IN_PROGRESS')
    await rejects(commit(shard), 'COORDINATOR_LOAD_IN_PROGRESS')
    await shard.load()
    assert.ok(shard.find('g'))
  })

  test('says that the coordinator is not available when the log can not be read', async () => {
    const before = await openShard()
    await commit(before)
    const after = await openShard(log => ({
      ...shape(log),
      read: () => Promise.reject(new KafkaError('KAFKA_STORAGE_ERROR')),
    }))
    refuses(() => after.find('g'), 'COORDINATOR_NOT_AVAILABLE')
  })
})

describe('committing', () => {
  test('makes an offset visible when it is durable, not before', async () => {
    const callbacks: (() => void)[] = []
    const shard = await openShard(log => ({ ...shape(log), whenDurable: (_, callback) => callbacks.push(callback) }))
    const committed = commit(shard)
    assert.equal(callbacks.length, 1)
    assert.equal(shard.find('g'), undefined)
    callbacks[0]!()
    assert.deepEqual(await committed, ['NONE'])
    assert.equal(shard.find('g')?.offsets.get('t', 0)?.offset, 42n)
  })

  test('changes nothing when the disk does not take it', async () => {
    let isFull = false
    const shard = await openShard(log => ({
      ...shape(log),
      append: (records, options) => {
        if (isFull) throw new KafkaError('KAFKA_STORAGE_ERROR')
        return log.append(records, options)
      },
    }))
    await commit(shard, { offset: 1n })
    isFull = true
    await rejects(commit(shard, { offset: 2n }), 'NOT_COORDINATOR')
    await rejects(shard.delete('g'), 'NOT_COORDINATOR')
    assert.equal(shard.find('g')?.offsets.get('t', 0)?.offset, 1n)
    isFull = false
    await commit(shard, { offset: 3n })
    assert.equal(shard.find('g')?.offsets.get('t', 0)?.offset, 3n)
  })

  test('refuses more than the log takes in one batch', async () => {
    const shard = await openShard(log => ({ ...shape(log), config: { ...log.config, maxMessageBytes: 200 } }))
    await rejects(commit(shard, { metadata: 'm'.repeat(200) }), 'UNKNOWN_SERVER_ERROR')
  })

  test('refuses too long metadata for itself', async () => {
    const shard = await openShard()
    assert.deepEqual(await commit(shard, { metadata: 'm'.repeat(4097) }), ['OFFSET_METADATA_TOO_LARGE'])
    assert.equal(shard.find('g'), undefined)
    assert.deepEqual(await commit(shard, { metadata: 'm'.repeat(4096) }), ['NONE'])
  })

  test('is for members only while there are members', async () => {
    const shard = await openShard()
    const { memberId, generationId = -1 } = await stableMember(shard)
    await rejects(commit(shard), 'UNKNOWN_MEMBER_ID')
    await rejects(commit(shard, { memberId: 'stranger', generationId }), 'UNKNOWN_MEMBER_ID')
    await rejects(commit(shard, { memberId, generationId: generationId + 1 }), 'ILLEGAL_GENERATION')
    await rejects(commit(shard, { memberId, generationId: -1 }), 'ILLEGAL_GENERATION')
    assert.deepEqual(await commit(shard, { memberId, generationId }), ['NONE'])
  })

  test('waits for the assignment but not for others to join', async () => {
    const shard = await openShard()
    const { memberId, generationId = -1 } = await join1(shard)
    await rejects(commit(shard, { memberId, generationId }), 'REBALANCE_IN_PROGRESS')
    await sync(shard, { error: 'NONE', memberId, generationId }, 'work')
    const second = join1(shard)
    assert.deepEqual(await commit(shard, { memberId, generationId }), ['NONE'])
    time.advance(9_000)
    assert.deepEqual(await commit(shard, { memberId, generationId }), ['NONE'])
    time.advance(9_000)
    assert.ok(shard.find('g')?.group.members.has(memberId), 'a commit shows that the member lives')
    shard.stop('NOT_COORDINATOR')
    assert.equal((await second).error, 'NOT_COORDINATOR')
  })

  test('to a group that is not there needs no membership, and says so by version', async () => {
    const shard = await openShard()
    await rejects(commit(shard, { memberId: 'm', generationId: 1 }), 'GROUP_ID_NOT_FOUND')
    await rejects(commit(shard, { memberId: 'm', generationId: 1, knowsGroupIdNotFound: false }), 'ILLEGAL_GENERATION')
    assert.deepEqual(await commit(shard), ['NONE'])
    const group = shard.find('g')?.group
    assert.ok(group instanceof ClassicGroup && group.isSimple)
  })
})

describe('retention', () => {
  const week = testSettings.offsetsRetentionMs

  test('counts from when the group became empty, not from the commit', async () => {
    const shard = await openShard()
    const { memberId, generationId = -1 } = await stableMember(shard, { sessionTimeoutMs: 1_800_000 })
    await commit(shard, { memberId, generationId })
    for (let hours = 0; hours < 10 * 24; hours += 0.25) {
      time.advance(900_000)
      shard.heartbeat('g', { memberId, groupInstanceId: null, generationId })
    }
    await expireOffsets(shard)
    await shard.leave('g', [{ memberId, groupInstanceId: null, reason: null }])
    time.advance(week - 1)
    await expireOffsets(shard)
    assert.ok(shard.find('g')?.offsets.get('t', 0))
    time.advance(1)
    await expireOffsets(shard)
    assert.equal(shard.find('g'), undefined)
    assert.equal((await openShard()).entries.size, 0, 'and that is stored')
  })

  test('counts from the commit for topics that the members do not read any more', async () => {
    const shard = await openShard()
    const { memberId, generationId = -1 } = await stableMember(shard, { sessionTimeoutMs: 1_800_000 })
    await commit(shard, { memberId, generationId })
    await commit(shard, { memberId, generationId, topic: 'former' })
    for (let spent = 0; spent < week; spent += 1_000_000) {
      time.advance(1_000_000)
      shard.heartbeat('g', { memberId, groupInstanceId: null, generationId })
    }
    await expireOffsets(shard)
    assert.deepEqual([...shard.find('g')!.offsets.topics.keys()], ['t'])
  })

  test('counts from the commit for groups that never had members, and follows what the client asked for', async () => {
    const shard = await openShard()
    await commit(shard)
    await commit(shard, { partition: 1, retentionMs: 1_000 })
    time.advance(1_000)
    await expireOffsets(shard)
    assert.deepEqual([...shard.find('g')!.offsets.topics.get('t')!.keys()], [0])
    time.advance(week - 1_000)
    await expireOffsets(shard)
    assert.equal(shard.find('g'), undefined)
  })

  test('spares a commit that is being written', async () => {
    const held: (() => void)[] = []
    let holds = false
    const shard = await openShard(log => ({
      ...shape(log),
      whenDurable: (offset, callback) => (holds ? held.push(callback) : log.whenDurable(offset, callback)),
    }))
    await commit(shard, { offset: 1n })
    time.advance(week)
    holds = true
    const renewed = commit(shard, { offset: 2n })
    await expireOffsets(shard)
    holds = false
    held[0]!()
    await renewed
    assert.equal((await openShard()).find('g')?.offsets.get('t', 0)?.offset, 2n)
  })

  test('takes an empty group that stores nothing', async () => {
    const shard = await openShard()
    const { memberId } = await stableMember(shard)
    await shard.leave('g', [{ memberId, groupInstanceId: null, reason: null }])
    await expireOffsets(shard)
    assert.equal(shard.entries.size, 0)
  })
})

describe('deleting', () => {
  test('refuses groups that have members, or are not there', async () => {
    const shard = await openShard()
    await stableMember(shard)
    await rejects(shard.delete('g'), 'NON_EMPTY_GROUP')
    await rejects(shard.delete('h'), 'GROUP_ID_NOT_FOUND')
  })

  test('leaves a group alone that somebody joined meanwhile', async () => {
    const held: (() => void)[] = []
    let holds = false
    const shard = await openShard(log => ({
      ...shape(log),
      whenDurable: (offset, callback) => (holds ? held.push(callback) : log.whenDurable(offset, callback)),
    }))
    await commit(shard)
    holds = true
    const deleted = shard.delete('g')
    holds = false
    const { memberId, generationId = -1 } = await join1(shard)
    held[0]!()
    await deleted
    await sync(shard, { error: 'NONE', memberId, generationId }, 'work')
    assert.equal((await openShard()).find('g')?.group.members.size, 1)
  })

  test('drops the offsets of a deleted topic in every group, as many as there are', async () => {
    const shard = await openShard()
    for (let partition = 0; partition < 2_500; partition++) void commit(shard, { partition })
    await commit(shard, { topic: 'u' })
    await commit(shard, { groupId: 'h' })
    await forgetTopic(shard, 't')
    assert.deepEqual([...shard.find('g')!.offsets.topics.keys()], ['u'])
    const after = await openShard()
    assert.deepEqual([...after.find('g')!.offsets.topics.keys()], ['u'])
    assert.ok(after.find('h')?.offsets.isEmpty ?? true)
  })

  test('keeps offsets of what is read', async () => {
    const shard = await openShard()
    const { memberId, generationId = -1 } = await stableMember(shard)
    await commit(shard, { memberId, generationId })
    await commit(shard, { memberId, generationId, topic: 'former' })
    const offsets = ['t', 'former', 'never'].map(topic => ({ topic, partition: 0 }))
    assert.deepEqual(await deleteOffsets(shard, { groupId: 'g', offsets }), [
      'GROUP_SUBSCRIBED_TO_TOPIC',
      'NONE',
      'NONE',
    ])
    await rejects(deleteOffsets(shard, { groupId: 'h', offsets }), 'GROUP_ID_NOT_FOUND')
  })

  test('refuses offsets of a group whose members keep to themselves what they read', async () => {
    const shard = await openShard()
    await stableMember(shard, { protocolType: 'connect' })
    await rejects(deleteOffsets(shard, { groupId: 'g', offsets: [] }), 'NON_EMPTY_GROUP')
  })
})

test('a group whose first member is refused is not there', async () => {
  const shard = await openShard()
  refuses(() => join1(shard, { protocols: [] }), 'INCONSISTENT_GROUP_PROTOCOL')
  refuses(() => join1(shard, { memberId: 'made-up' }), 'UNKNOWN_MEMBER_ID')
  assert.equal(shard.entries.size, 0)
})

test('stopping answers everyone who waits and leaves no timer', async () => {
  const shard = await openShard()
  await stableMember(shard)
  const waiting = join1(shard)
  const pending = join1(shard, { groupId: 'h', memberId: '' })
  await pending
  shard.stop('NOT_COORDINATOR')
  assert.equal((await waiting).error, 'NOT_COORDINATOR')
  assert.equal(time.size, 0)
})

test('a group that is loaded anew after the log has failed is left alone by what it was before', async () => {
  const log = new MemoryLog()
  const shard = shardOn(log)
  await shard.load()
  const joined = await join1(shard)
  log.isSlow = true
  const beat = { groupId: 'c', memberId: 'm', memberEpoch: 0, subscribedTopicNames: ['t'], topicPartitions: [] }
  const none = { instanceId: null, rackId: null, subscribedTopicRegex: null, serverAssignor: null }
  const heartbeat = shard.consumerHeartbeat({ ...beat, ...none, rebalanceTimeoutMs: 60_000 }, caller)
  const synced = sync(shard, joined, 'work')
  log.loseWrites()
  await rejects(heartbeat, 'NOT_COORDINATOR')
  assert.equal((await synced).error, 'NOT_COORDINATOR')
  await shard.load()
  assert.equal(time.size, 0)
  assert.equal(log.logEndOffset, 0)
})

/** The log's members as plain properties, to replace some of them. */
function shape(log: StateStorage): StateStorage {
  return {
    topic: log.topic,
    partition: log.partition,
    config: log.config,
    isOffline: log.isOffline,
    leaderEpoch: log.leaderEpoch,
    logStartOffset: log.logStartOffset,
    get logEndOffset() {
      return log.logEndOffset
    },
    append: (records, options) => log.append(records, options),
    whenDurable: (offset, callback) => log.whenDurable(offset, callback),
    flush: () => log.flush(),
    read: options => log.read(options),
  }
}
