/** `ottla.groups`: consumer groups of either protocol, seen from inside the coordinator. */

import type { Broker } from '@ottla/broker'
import type { GroupDescription, OttlaGroups, PartitionProgress } from './api.ts'
import { hasRecordsFrom, logsOf } from './records.ts'

const defaultTimeoutMs = 10_000
/** Some of what makes a group stable happens in memory only, so there is no log to listen to. */
const lookEveryMs = 5

export function createGroups(broker: () => Broker): OttlaGroups {
  const describe = (groupId: string) => describeGroup(broker(), groupId)
  return {
    describe,
    list: () => broker().groups.shards.flatMap(shard => (shard.isLoading ? [] : [...shard.entries.keys()])),
    async waitUntilStable(groupId, { members, timeoutMs = defaultTimeoutMs } = {}) {
      const found = await waitUntil(timeoutMs, async () => {
        const group = describe(groupId)
        const isStable = group?.state === 'Stable' && group.members.length > 0
        return isStable && (members === undefined || group.members.length === members) ? group : null
      })
      if (found !== null) return found
      const wanted = members === undefined ? '' : ` with ${members} members`
      throw new Error(`Group ${groupId} was not stable${wanted} within ${timeoutMs} ms: ${stateOf(describe(groupId))}`)
    },
    async waitUntilCaughtUp(groupId, { timeoutMs = defaultTimeoutMs } = {}) {
      const found = await waitUntil(timeoutMs, async () => {
        const group = describe(groupId)
        if (group === undefined || group.partitions.length === 0) return null
        return (await behind(broker(), group)).length === 0 ? group : null
      })
      if (found !== null) return found
      const group = describe(groupId)
      const left = group === undefined ? [] : await behind(broker(), group)
      throw new Error(
        [
          `Group ${groupId} had not read everything within ${timeoutMs} ms: ${stateOf(group)}`,
          ...left.map(({ topic, partition, committedOffset, endOffset }) => {
            const committed = committedOffset === null ? 'nothing committed' : `committed ${committedOffset}`
            return `  ${topic}-${partition}: ${committed}, end ${endOffset}`
          }),
        ].join('\n'),
      )
    },
  }
}

/** Partitions with records that the group has not committed past. Markers and gaps at the end are nothing to read. */
async function behind(broker: Broker, { partitions }: GroupDescription): Promise<PartitionProgress[]> {
  const left = await Promise.all(
    partitions.map(async progress => {
      const { topic, partition, committedOffset, endOffset } = progress
      if (committedOffset !== null && committedOffset >= endOffset) return null
      const log = broker.logs.get(topic, partition)
      return log !== undefined && (await hasRecordsFrom(log, committedOffset ?? 0)) ? progress : null
    }),
  )
  return left.filter(progress => progress !== null)
}

function describeGroup(broker: Broker, groupId: string): GroupDescription | undefined {
  const shard = broker.groups.existingShard(groupId)
  if (shard === null || shard.isLoading) return undefined
  const entry = shard.find(groupId)
  if (entry === undefined) return undefined
  const { group, offsets } = entry
  const topics = new Set(offsets.topics.keys())
  const isKnown = group.type === 'consumer' || group.subscribedTopics !== null
  for (const { name, isInternal } of broker.metadata.topics()) {
    if (isKnown && !isInternal && group.isSubscribedTo(name)) topics.add(name)
  }
  const partitions = [...topics].sort().flatMap(topic => {
    const id = broker.metadata.topic(topic)?.id
    if (id === undefined) return []
    return logsOf(broker, topic).map(({ partition, logEndOffset }): PartitionProgress => {
      const committed = offsets.get(topic, partition)
      // Of a topic that was made anew under its name, nothing is committed yet.
      const isCurrent = committed !== undefined && (committed.topicId === null || committed.topicId === id)
      return { topic, partition, committedOffset: isCurrent ? Number(committed.offset) : null, endOffset: logEndOffset }
    })
  })
  const members = [...group.members.values()].map(({ memberId, clientId }) => ({ memberId, clientId }))
  return { groupId, state: group.state, members, partitions }
}

function stateOf(group: GroupDescription | undefined): string {
  if (group === undefined) return 'there is no such group'
  const clients = group.members.map(({ clientId }) => clientId).join(', ')
  return `it is ${group.state}, with ${group.members.length} members${clients && ` (${clients})`}`
}

/** Resolves with what `look` finds, or null when the time is up. */
async function waitUntil<T>(timeoutMs: number, look: () => Promise<T | null>): Promise<T | null> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== null || performance.now() >= endMs) return found
    await new Promise(resolve => setTimeout(resolve, lookEveryMs))
  }
}
