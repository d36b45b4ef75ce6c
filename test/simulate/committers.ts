/** Consumer groups as far as they must be remembered: committed offsets, and what a group's members are told. */

import { errorName, offsetCommit, offsetFetch } from '@ottla/protocol'
import type { Ledger, TopicLedger } from './ledger.ts'
import { check } from './ledger.ts'
import { pickTarget } from './producers.ts'
import type { World } from './world.ts'

const firstTopicIdVersion = 10
export const groupIds = ['billing', 'shipping'] as const
const transient: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
])

/** Commits and reads back, one at a time for each group. */
export async function commit(world: World, ledger: Ledger, groupId: string, count: number): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(40))
    const target = pickTarget(world, ledger.present())
    if (!target) continue
    const { topic, partition } = target
    if (random.chance(0.3)) {
      await readBack(world, ledger, { groupId, topic, partition })
      continue
    }
    const value = ledger.offset(groupId, topic, partition)
    const offset = random.below(1_000_000)
    value.asked(offset)
    world.note(`commit ${groupId} ${topic.name}-${partition} at ${offset}`)
    const response = await world.call(
      groupId,
      offsetCommit,
      () => ({
        groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [
          {
            topicId: topic.id!,
            name: topic.name,
            partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: topic.id }],
          },
        ],
      }),
      topic.isVolatile ? { from: firstTopicIdVersion } : {},
    )
    const error = errorName(response.topics[0]!.partitions[0]!.errorCode)
    world.note(`  committed ${groupId} ${topic.name}-${partition}: ${error}`)
    if (error === 'NONE') value.settled(offset)
    else
      check(
        mayBeRefused(topic, error),
        () => `commit of ${groupId} for ${topic.name}-${partition} was refused with ${error}`,
      )
  }
}

/** Asks for a committed offset and compares it with what was promised. */
export async function readBack(
  world: World,
  ledger: Ledger,
  { groupId, topic, partition }: { groupId: string; topic: TopicLedger; partition: number },
): Promise<void> {
  const version = topic.isVolatile ? firstTopicIdVersion : world.random.between(8, offsetFetch.versions.highestStable)
  const response = await world.callVersion(groupId, offsetFetch, version, {
    groups: [{ groupId, topics: [{ topicId: topic.id!, name: topic.name, partitionIndexes: [partition] }] }],
    groupId,
    topics: [],
    requireStable: false,
  })
  const group = response!.groups[0]!
  const answer = group.topics[0]?.partitions[0]
  const error = errorName(group.errorCode || (answer?.errorCode ?? 0))
  if (mayBeRefused(topic, error)) return
  check(
    error === 'NONE' && answer !== undefined,
    () => `reading the offset of ${groupId} for ${topic.name}-${partition}: ${error}`,
  )
  const value = ledger.offset(groupId, topic, partition)
  const offset = Number(answer.committedOffset)
  check(
    value.possible.includes(offset),
    () =>
      `${groupId} has offset ${offset} of ${topic.name}-${partition} (${topic.id}), promised was one of ${value.possible.join(', ')}`,
  )
  check(
    offset < 0 || answer.metadata === topic.id,
    () => `${groupId} was given an offset of another topic named ${topic.name}`,
  )
  value.settled(offset)
}

function mayBeRefused(topic: TopicLedger, error: string): boolean {
  if (topic.state !== 'present' && error.startsWith('UNKNOWN_TOPIC')) return true
  return transient.has(error) || error === 'KAFKA_STORAGE_ERROR'
}
