/** Clients that change things: topics, partitions, configurations, and the beginning of logs. One change of a kind at a time. */

import {
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  errorName,
  incrementalAlterConfigs,
} from '@ottla/protocol'
import type { Ledger, TopicLedger, UncertainValue } from './ledger.ts'
import { check } from './ledger.ts'
import type { TopicRules } from './partition-ledger.ts'
import { pickTarget } from './sending.ts'
import type { World } from './world.ts'

const largeSegments = { 'segment.index.bytes': '1000', 'index.interval.bytes': '200' }
const topicResource = 2
const deleteRetentionMs = 300
const set = 0
const remove = 1

export async function createTopic(
  world: World,
  ledger: Ledger,
  name: string,
  { isVolatile, isCompacted = world.random.chance(0.3) }: { isVolatile: boolean; isCompacted?: boolean },
): Promise<void> {
  const { random } = world
  const partitionCount = random.between(1, 3)
  const settings: Record<string, string> = random.chance(0.3) ? { ...largeSegments } : {}
  const rules: TopicRules = { isCompacted, deleteRetentionMs, retentionMs: null, mayExpireBySize: false }
  if (isCompacted) {
    const alsoDeletes = random.chance(0.2)
    settings['cleanup.policy'] = alsoDeletes ? 'compact,delete' : 'compact'
    settings['min.cleanable.dirty.ratio'] = random.pick(['0', '0.3'])
    settings['delete.retention.ms'] = String(deleteRetentionMs)
    if (random.chance(0.5)) settings['segment.ms'] = '100'
    if (random.chance(0.2)) settings['min.compaction.lag.ms'] = '100'
  } else if (random.chance(0.2)) {
    settings['retention.bytes'] = String(random.between(500, 3000))
    rules.mayExpireBySize = true
  }
  if (settings['cleanup.policy'] !== 'compact' && random.chance(0.2)) {
    rules.retentionMs = random.between(200, 2000)
    settings['retention.ms'] = String(rules.retentionMs)
  }
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
  const topic = ledger.newTopic({ name, partitionCount, isVolatile, rules })
  for (const config of configs) topic.config(config.name).settled(config.value)
  world.note(`create topic ${name} with ${partitionCount} partitions ${JSON.stringify(configs)}`)
  const response = await world.call(
    'admin',
    createTopics,
    () => ({
      topics: [{ name, numPartitions: partitionCount, replicationFactor: 1, assignments: [], configs }],
      timeoutMs: 1000,
      validateOnly: false,
    }),
    { from: 7 },
  )
  const { errorCode, topicId, errorMessage } = response.topics[0]!
  const error = errorName(errorCode)
  world.note(`  created ${name}: ${error} ${errorMessage ?? topicId}`)
  if (error === 'NONE') {
    topic.id = topicId
    topic.state = 'present'
  } else {
    check(error === 'KAFKA_STORAGE_ERROR', () => `topic ${name} was refused with ${error}: ${errorMessage}`)
  }
}

export async function administer(world: World, ledger: Ledger, count: number): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(60))
    const topic = random.chance(0.8) ? pickTarget(world, ledger.present())?.topic : undefined
    switch (random.weighted({ records: 4, configs: 3, partitions: 1, topics: 3 })) {
      case 'records':
        if (topic) await deleteSomeRecords(world, topic)
        break
      case 'configs':
        if (topic) await changeConfig(world, topic)
        break
      case 'partitions':
        if (topic) await addPartition(world, topic)
        break
      case 'topics':
        await changeTopics(world, ledger)
    }
  }
}

/** Deletes the volatile topic, or creates it anew under its old name. */
async function changeTopics(world: World, ledger: Ledger): Promise<void> {
  const name = world.random.pick(['comes-and-goes', 'goes-and-comes'])
  const latest = ledger.topics.findLast(topic => topic.name === name)
  if (!latest || latest.state === 'gone') return createTopic(world, ledger, name, { isVolatile: true })
  if (latest.state !== 'present') return
  latest.state = 'deleting'
  world.note(`delete topic ${name} ${latest.id}`)
  const response = await world.call('admin', deleteTopics, version => ({
    topics: [{ name: version >= 6 ? null : name, topicId: latest.id! }],
    topicNames: [name],
    timeoutMs: 1000,
  }))
  const error = errorName(response.responses[0]!.errorCode)
  world.note(`  deleted ${name}: ${error}`)
  if (error === 'NONE') latest.state = 'gone'
  else check(error === 'KAFKA_STORAGE_ERROR', () => `deleting the topic ${name} was refused with ${error}`)
}

async function addPartition(world: World, topic: TopicLedger): Promise<void> {
  const { possible } = topic.partitionCount
  const count = possible.at(-1)! + 1
  if (possible.length > 1 || count > 5) return
  topic.partitionCount.asked(count)
  world.note(`create partition ${count - 1} of ${topic.name}`)
  const response = await world.call('admin', createPartitions, () => ({
    topics: [{ name: topic.name, count, assignments: null }],
    timeoutMs: 1000,
    validateOnly: false,
  }))
  const error = errorName(response.results[0]!.errorCode)
  world.note(`  created partition ${count - 1} of ${topic.name}: ${error}`)
  if (error === 'NONE') topic.partitionCount.settled(count)
  else check(error === 'KAFKA_STORAGE_ERROR', () => `partition ${count - 1} of ${topic.name} was refused with ${error}`)
}

async function changeConfig(world: World, topic: TopicLedger): Promise<void> {
  const { random } = world
  const name = random.pick(['max.message.bytes', 'retention.ms', 'segment.ms'])
  const value: UncertainValue<string | null> = topic.config(name)
  if (value.possible.length > 1) return
  const wanted = random.chance(0.2)
    ? null
    : String({ 'max.message.bytes': 900_000, 'retention.ms': 600, 'segment.ms': 100 }[name]! + random.below(1000))
  value.asked(wanted)
  if (name === 'retention.ms' && wanted !== null) {
    topic.rules.retentionMs = Math.min(topic.rules.retentionMs ?? Number.POSITIVE_INFINITY, Number(wanted))
  }
  world.note(`set ${name} of ${topic.name} to ${wanted}`)
  const response = await world.call('admin', incrementalAlterConfigs, () => ({
    resources: [
      {
        resourceType: topicResource,
        resourceName: topic.name,
        configs: [{ name, configOperation: wanted === null ? remove : set, value: wanted }],
      },
    ],
    validateOnly: false,
  }))
  const error = errorName(response.responses[0]!.errorCode)
  world.note(`  set ${name} of ${topic.name}: ${error}`)
  if (error === 'NONE') value.settled(wanted)
  else check(error === 'KAFKA_STORAGE_ERROR', () => `setting ${name} of ${topic.name} was refused with ${error}`)
}

async function deleteSomeRecords(world: World, topic: TopicLedger): Promise<void> {
  const { random } = world
  const partition = random.below(Math.min(...topic.partitionCount.possible))
  const promises = topic.partition(partition)
  const offset = random.between(promises.logStartOffset, Math.max(promises.logStartOffset, promises.highWatermark))
  promises.deletionAsked(offset)
  world.note(`delete records of ${topic.name}-${partition} before ${offset}`)
  const response = await world.call('admin', deleteRecords, () => ({
    topics: [{ name: topic.name, partitions: [{ partitionIndex: partition, offset }] }],
    timeoutMs: 1000,
  }))
  const { errorCode, lowWatermark } = response.topics[0]!.partitions[0]!
  const error = errorName(errorCode)
  world.note(`  deleted records of ${topic.name}-${partition}: ${error} ${lowWatermark}`)
  if (topic.configs.get('cleanup.policy')?.possible[0] === 'compact') {
    check(
      error === 'POLICY_VIOLATION' || error === 'KAFKA_STORAGE_ERROR',
      () => `${promises.label}: records of a compacted topic were deleted: ${error}`,
    )
  } else if (error === 'NONE') {
    check(Number(lowWatermark) >= offset, () => `${promises.label}: deleted before ${offset}, answered ${lowWatermark}`)
    promises.deletionAnswered(Number(lowWatermark))
  } else {
    check(
      error === 'KAFKA_STORAGE_ERROR',
      () => `${promises.label}: deleting before ${offset} was refused with ${error}`,
    )
  }
}
