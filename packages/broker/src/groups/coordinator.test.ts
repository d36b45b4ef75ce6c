import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultLogConfig } from '@ottla/log'
import { type ErrorName, KafkaError } from '@ottla/protocol'
import { partitionOfKey } from '../coordinators/partition-of-key.ts'
import type { StateStorage } from '../coordinators/state-log.ts'
import { silentLogger } from '../logger.ts'
import { TestTopics, testConsumerConfig, testSettings } from '../testing/group-harness.ts'
import { ManualTime } from '../testing/manual-time.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import { GroupCoordinator, type OffsetsTopic } from './coordinator.ts'
import { commitOffsets } from './offset-operations.ts'

const rejects = async (promise: Promise<unknown>, errorName: ErrorName): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)
}

/** Logs that take everything and keep nothing; durable at once. */
function emptyLog(partition: number): StateStorage {
  let logEndOffset = 0
  return {
    topic: '__consumer_offsets',
    partition,
    config: defaultLogConfig,
    isOffline: false,
    leaderEpoch: 0,
    logStartOffset: 0,
    get logEndOffset() {
      return logEndOffset
    },
    append: () => {
      const offset = logEndOffset++
      return {
        baseOffset: offset,
        lastOffset: offset,
        nextOffset: offset + 1,
        logAppendTimeMs: -1,
        logStartOffset: 0,
        isDuplicate: false,
      }
    },
    whenDurable: (_, callback) => callback(),
    flush: async () => undefined,
    read: () => assert.fail('nothing is there to be read'),
  }
}

class Topic implements OffsetsTopic {
  creations = 0
  problem: KafkaError | null = null
  #logs: StateStorage[] | null

  constructor(partitions: number | null = null) {
    this.#logs = partitions === null ? null : Array.from({ length: partitions }, (_, partition) => emptyLog(partition))
  }

  logs(): readonly StateStorage[] | null {
    return this.#logs
  }

  async create(): Promise<void> {
    this.creations++
    await Promise.resolve()
    if (this.problem !== null) throw this.problem
    this.#logs = [0, 1, 2].map(emptyLog)
  }
}

function coordinatorOf(topic: OffsetsTopic): { coordinator: GroupCoordinator; time: ManualTime } {
  const time = new ManualTime()
  const world = {
    settings: testSettings,
    timers: time,
    clock: time,
    logger: silentLogger,
    randomUuid: () => 'id',
    randomMemberId: () => 'id',
    topics: new TestTopics(),
    configOf: () => testConsumerConfig,
  }
  return { coordinator: new GroupCoordinator({ ...world, topic }), time }
}

const offset = {
  topic: 't',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAg',
  partition: 0,
  offset: 1n,
  leaderEpoch: -1,
  metadata: '',
}
const simpleCommit = {
  groupId: 'g',
  identity: { memberId: '', groupInstanceId: null, generationId: -1 },
  retentionMs: null,
  knowsGroupIdNotFound: true,
  offsets: [offset],
}

describe('the topic of groups', () => {
  test('is created once, however many ask for it at the same time', async () => {
    const topic = new Topic()
    const { coordinator } = coordinatorOf(topic)
    await coordinator.start()
    assert.equal(coordinator.existingShard('g'), null)
    assert.equal(topic.creations, 0)
    const [first, second] = await Promise.all([coordinator.shard('g'), coordinator.shard('g'), coordinator.shard('h')])
    assert.equal(topic.creations, 1)
    assert.equal(first, second)
    assert.equal(coordinator.existingShard('g'), first)
    first?.assertActive()
  })

  test('is tried again after it could not be created', async () => {
    const topic = new Topic()
    const { coordinator } = coordinatorOf(topic)
    topic.problem = new KafkaError('KAFKA_STORAGE_ERROR')
    await rejects(coordinator.shard('g'), 'KAFKA_STORAGE_ERROR')
    topic.problem = null
    assert.ok(await coordinator.shard('g'))
  })

  test('takes all groups with it when it is deleted', async () => {
    const topic = new Topic(2)
    const { coordinator } = coordinatorOf(topic)
    await coordinator.start()
    const shard = await coordinator.shard('g')
    await commitOffsets(shard, simpleCommit)
    await coordinator.topicDeleted('__consumer_offsets')
    assert.equal(coordinator.existingShard('g'), null)
    await rejects(commitOffsets(shard, simpleCommit), 'COORDINATOR_NOT_AVAILABLE')
  })
})

test('loads the groups of a log that was offline at the start once it returns', async () => {
  const [offline, returned] = [new MemoryLog(), new MemoryLog()]
  offline.isOffline = true
  const logs = [returned]
  const before = coordinatorOf({ logs: () => logs, create: () => assert.fail('it is there') }).coordinator
  await before.start()
  await commitOffsets(await before.shard('g'), simpleCommit)

  logs[0] = offline
  const { coordinator } = coordinatorOf({ logs: () => logs, create: () => assert.fail('it is there') })
  await coordinator.start()
  const shard = await coordinator.shard('g')
  assert.throws(() => shard.find('g'), { errorName: 'COORDINATOR_NOT_AVAILABLE' })
  await coordinator.logReturned(returned)
  assert.equal((await coordinator.shard('g')).find('g')?.offsets.isEmpty, false)
  assert.throws(() => shard.find('g'), { errorName: 'COORDINATOR_NOT_AVAILABLE' })
  await coordinator.stop()
})

test('removes the offsets of a deleted topic', async () => {
  const { coordinator } = coordinatorOf(new Topic(1))
  await coordinator.start()
  const shard = await coordinator.shard('g')
  await commitOffsets(shard, simpleCommit)
  await coordinator.topicDeleted('t')
  assert.ok(shard.find('g')?.offsets.isEmpty)
})

test('removes the offsets of a deleted topic everywhere at once, before a topic of that name can be there again', async () => {
  const topic = new Topic(2)
  const { coordinator } = coordinatorOf(topic)
  await coordinator.start()
  const groupIds = ['a', 'b', 'c', 'd']
  assert.equal(new Set(groupIds.map(groupId => partitionOfKey(groupId, 2))).size, 2)
  for (const groupId of groupIds) await commitOffsets(await coordinator.shard(groupId), { ...simpleCommit, groupId })
  const written = () => topic.logs()!.reduce((sum, log) => sum + log.logEndOffset, 0)
  const before = written()
  const removed = coordinator.topicDeleted('t')
  assert.equal(written(), before + groupIds.length)
  await removed
})

test('looks for expired offsets from time to time, until it is stopped', async () => {
  const { coordinator, time } = coordinatorOf(new Topic(1))
  await coordinator.start()
  const shard = await coordinator.shard('g')
  await commitOffsets(shard, simpleCommit)
  const rounds = testSettings.offsetsRetentionMs / testSettings.offsetsRetentionCheckIntervalMs
  for (let round = 0; round < rounds; round++) {
    assert.ok(shard.find('g'))
    time.advance(testSettings.offsetsRetentionCheckIntervalMs)
    // A round ends by promises; all of them are settled before the next macrotask.
    await new Promise(setImmediate)
  }
  assert.equal(shard.find('g'), undefined)
  await coordinator.stop()
  assert.equal(time.size, 0)
  await rejects(coordinator.shard('g'), 'COORDINATOR_NOT_AVAILABLE')
})

test('keeps a group in the partition where Kafka looks for it', () => {
  // Partitions in which Apache Kafka 4.4 with 50 partitions kept these groups.
  assert.equal(partitionOfKey('g1', 50), 42)
  assert.equal(partitionOfKey('g2', 50), 43)
  assert.equal(partitionOfKey('', 50), 0)
  // Java: "polygenelubricants".hashCode() is the smallest int32, of which there is no absolute value.
  assert.equal(partitionOfKey('polygenelubricants', 50), 0)
  // Java: "😀".hashCode() is 1772899, over UTF-16 units.
  assert.equal(partitionOfKey('😀', 50), 1772899 % 50)
})
