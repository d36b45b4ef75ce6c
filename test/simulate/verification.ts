/** After every start: everything that was promised is there, and nothing that was taken away. Reads as a client does. */

import { describeConfigs, errorName, metadata, type RecordBatch } from '@ottla/protocol'
import { classicGroupId } from './classic-members.ts'
import { readBack } from './committed-offsets.ts'
import { committerGroupIds } from './committers.ts'
import { consumerGroupId } from './consumer-members.ts'
import { fetchOnce, offsetOf } from './consumers.ts'
import { check, type Ledger, type TopicLedger } from './ledger.ts'
import { transfersTopic } from './transfers.ts'
import type { World } from './world.ts'

const topicResource = 2
const groupIds = [...committerGroupIds, classicGroupId, consumerGroupId]

export interface VerifyOptions {
  /** The start was unclean: leader epochs have to go up. */
  wasUnclean: boolean
}

export async function verify(world: World, ledger: Ledger, options: VerifyOptions): Promise<void> {
  for (const { topic, partition, offlineReason } of world.server.services.logs.logs()) {
    check(offlineReason === undefined, () => `${topic}-${partition} is offline: ${offlineReason!.message}`)
  }
  await verifyTopics(world, ledger)
  for (const topic of ledger.present()) {
    await verifyConfigs(world, topic)
    for (let partition = 0; partition < topic.partitionCount.possible[0]!; partition++) {
      await verifyPartition(world, topic, partition, options)
    }
  }
  await groupsAreLoaded(world)
  for (const topic of ledger.present()) {
    for (const groupId of groupIds) {
      for (let partition = 0; partition < topic.partitionCount.possible[0]!; partition++) {
        await readBack(world, ledger, { groupId, topic, partition })
      }
    }
  }
}

/** Settles what became of topics that were being created or deleted when the process ended. */
async function verifyTopics(world: World, ledger: Ledger): Promise<void> {
  const response = await world.call(
    'verifier',
    metadata,
    () => ({ topics: null, allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }),
    { from: 10 },
  )
  const found = new Map(
    response.topics
      .filter(({ isInternal, name }) => !isInternal && name !== transfersTopic)
      .map(topic => [topic.name, topic]),
  )
  for (const topic of ledger.topics.toReversed()) {
    const there = found.get(topic.name)
    const isThere = there !== undefined && (topic.id === null || there.topicId === topic.id)
    switch (topic.state) {
      case 'present':
        check(
          isThere,
          () => `topic ${topic.name} (${topic.id}) is gone, there is ${there?.topicId ?? 'nothing'} of that name`,
        )
        break
      case 'gone':
        check(!isThere || topic.id === null, () => `topic ${topic.name} (${topic.id}) is back after it was deleted`)
        continue
      case 'creating':
      case 'deleting':
        topic.state = isThere ? 'present' : 'gone'
    }
    if (!isThere) continue
    topic.id = there.topicId
    found.delete(topic.name)
    const count = there.partitions.length
    check(
      topic.partitionCount.possible.includes(count),
      () =>
        `topic ${topic.name} has ${count} partitions, promised was one of ${topic.partitionCount.possible.join(', ')}`,
    )
    topic.partitionCount.settled(count)
    for (const { errorCode, partitionIndex, leaderEpoch } of there.partitions) {
      check(errorCode === 0, () => `${topic.name}-${partitionIndex} is not available: ${errorName(errorCode)}`)
      topic.partition(partitionIndex).observedLeaderEpoch(leaderEpoch)
    }
  }
  for (const [name, { topicId }] of found) check(false, () => `topic ${name} (${topicId}) is there, nobody created it`)
}

async function verifyConfigs(world: World, topic: TopicLedger): Promise<void> {
  if (topic.configs.size === 0) return
  const response = await world.call('verifier', describeConfigs, () => ({
    resources: [
      { resourceType: topicResource, resourceName: topic.name, configurationKeys: [...topic.configs.keys()] },
    ],
    includeSynonyms: false,
    includeDocumentation: false,
  }))
  const topicSource = 1
  const { errorCode, configs } = response.results[0]!
  check(errorCode === 0, () => `the configuration of ${topic.name} can't be read: ${errorName(errorCode)}`)
  for (const [name, value] of topic.configs) {
    const found = configs.find(config => config.name === name)
    const text = found?.configSource === topicSource ? found.value : null
    check(
      value.possible.includes(text),
      () => `${name} of ${topic.name} is ${text}, promised was one of ${value.possible.join(', ')}`,
    )
    value.settled(text)
  }
}

async function verifyPartition(
  world: World,
  topic: TopicLedger,
  partition: number,
  { wasUnclean }: VerifyOptions,
): Promise<void> {
  const promises = topic.partition(partition)
  const start = await offsetOf(world, topic, partition, 'earliest')
  check(start.error === 'NONE', () => `${promises.label}: no log start: ${start.error}`)
  const found: RecordBatch[] = []
  let offset = start.offset
  let highWatermark = 0
  let logStartOffset = start.offset
  for (;;) {
    const fetched = await fetchOnce(world, {
      topic,
      partition,
      fromOffset: offset,
      maxBytes: world.random.pick([1000, 1_000_000]),
      maxWaitMs: 0,
    })
    check(fetched.error === 'NONE', () => `${promises.label}: can't be read at offset ${offset}: ${fetched.error}`)
    ;({ highWatermark, logStartOffset } = fetched)
    if (offset >= highWatermark) break
    check(
      fetched.batches.length > 0,
      () => `${promises.label}: nothing at offset ${offset}, the high watermark is ${highWatermark}`,
    )
    found.push(...fetched.batches)
    offset = fetched.batches.at(-1)!.nextOffset
  }
  promises.verify(found, { logStartOffset: start.offset, highWatermark })
  promises.observedOffsets({ logStartOffset, highWatermark })
  const end = await offsetOf(world, topic, partition, 'latest')
  check(
    end.offset >= highWatermark,
    () => `${promises.label}: the latest offset is ${end.offset}, the high watermark ${highWatermark}`,
  )
  const lastEpoch = found.at(-1)?.partitionLeaderEpoch ?? -1
  const epoch = world.server.services.logs.get(topic.name, partition)!.leaderEpoch
  check(
    epoch > lastEpoch || !wasUnclean,
    () => `${promises.label}: records have the leader epoch ${lastEpoch}, after an unclean start the epoch is ${epoch}`,
  )
  promises.observedLeaderEpoch(epoch)
}

async function groupsAreLoaded(world: World): Promise<void> {
  for (let i = 0; world.server.services.groups.shards.some(shard => shard.isLoading); i++) {
    check(i < 20_000, () => 'groups are not loaded')
    await world.sleep(1)
  }
}
