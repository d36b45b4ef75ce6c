/** Committing an offset and reading it back, whoever does it, with what the ledger makes of the answers. */

import { errorName, offsetCommit, offsetFetch } from '@ottla/protocol'
import type { Ledger, TopicLedger } from './ledger.ts'
import { check } from './ledger.ts'
import type { World } from './world.ts'

const firstTopicIdVersion = 10
/** Members of consumer groups commit since this version. */
const firstConsumerGroupVersion = 9
/** An offset of a group without members may be forgotten after that. */
export const offsetsRetentionMinutes = 60
/** The group is not to be had just now: the client tries again. */
export const isTransient: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'KAFKA_STORAGE_ERROR',
])
/** Who sends this is not, or no longer, what it says it is: nothing is stored, for certain. */
const isFinal: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
])

interface OffsetOf {
  groupId: string
  topic: TopicLedger
  partition: number
}

export interface Committer {
  memberId: string
  /** Generation or member epoch. */
  generation: number
  protocol: 'classic' | 'consumer'
}

/** Resolves with the answer's error; null when somebody commits this offset already. */
export async function commitOffset(
  world: World,
  ledger: Ledger,
  { groupId, topic, partition, member }: OffsetOf & { member?: Committer },
): Promise<string | null> {
  const value = ledger.offset(groupId, topic, partition)
  if (!value.begin()) return null
  const offset = world.random.below(1_000_000)
  value.asked(offset)
  const label = `${groupId} ${topic.name}-${partition}${member ? ` by ${member.memberId} in ${member.generation}` : ''}`
  world.note(`commit ${label} at ${offset}`)
  const from = topic.isVolatile
    ? firstTopicIdVersion
    : member?.protocol === 'consumer'
      ? firstConsumerGroupVersion
      : offsetCommit.versions.lowest
  try {
    const response = await world.call(
      groupId,
      offsetCommit,
      () => ({
        groupId,
        generationIdOrMemberEpoch: member?.generation ?? -1,
        memberId: member?.memberId ?? '',
        topics: [
          {
            topicId: topic.id!,
            name: topic.name,
            partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: topic.id }],
          },
        ],
      }),
      { from },
    )
    const error = errorName(response.topics[0]!.partitions[0]!.errorCode)
    world.note(`  committed ${label}: ${error}`)
    const isRefused = member !== undefined && isFinal.has(error)
    check(error === 'NONE' || isRefused || mayBeRefused(topic, error), () => `commit of ${label} was refused: ${error}`)
    if (error === 'NONE') value.settled(offset)
    else if (isRefused) value.refused(offset)
    return error
  } finally {
    value.end()
  }
}

/** Asks for a committed offset and compares it with what was promised. */
export async function readBack(world: World, ledger: Ledger, { groupId, topic, partition }: OffsetOf): Promise<void> {
  const version = topic.isVolatile ? firstTopicIdVersion : world.random.between(8, offsetFetch.versions.highestStable)
  const value = ledger.offset(groupId, topic, partition)
  const isAlone = value.begin()
  try {
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
    const label = `${groupId} ${topic.name}-${partition} (${topic.id})`
    check(error === 'NONE' && answer !== undefined, () => `reading the offset of ${label}: ${error}`)
    if (!isAlone) return // a commit may be answered before this or after it
    const offset = Number(answer.committedOffset)
    if (offset === -1 && mayBeForgotten(world)) return value.settled(-1)
    check(
      value.possible.includes(offset),
      () => `the offset of ${label} is ${offset}, promised was one of ${value.possible.join(', ')}`,
    )
    check(offset < 0 || answer.metadata === topic.id, () => `${label} has the offset of another topic of that name`)
    value.settled(offset)
  } finally {
    if (isAlone) value.end()
  }
}

/** The clock was ever so late that what was committed before may have expired. */
export function mayBeForgotten({ time }: World): boolean {
  return time.latestWallMs() - time.earliestWallMs() > offsetsRetentionMinutes * 60_000
}

function mayBeRefused(topic: TopicLedger, error: string): boolean {
  if (topic.state !== 'present' && error.startsWith('UNKNOWN_TOPIC')) return true
  return isTransient.has(error)
}
