/** Consumer groups of a cluster: what there is, how far each has read, and moving that by hand. */

import {
  consumerGroupDescribe,
  deleteGroups,
  describeGroups,
  errorName,
  listGroups,
  offsetCommit,
  offsetFetch,
} from '@ottla/protocol'
import { type Cluster, check } from './cluster.ts'
import { NotFoundError, RefusedError } from './errors.ts'
import { endOffsets } from './offsets.ts'

export interface GroupSummary {
  readonly groupId: string
  /** `classic`, `consumer` …; empty where the cluster does not say. */
  readonly type: string
  readonly state: string
}

export interface GroupMember {
  readonly memberId: string
  readonly clientId: string
  readonly host: string
}

export interface GroupProgress {
  readonly topic: string
  readonly partition: number
  readonly committedOffset: number
  readonly endOffset: number
  readonly lag: number
}

export interface GroupDetails extends GroupSummary {
  readonly members: readonly GroupMember[]
  /** Where something is committed. */
  readonly partitions: readonly GroupProgress[]
}

/** OffsetFetch and OffsetCommit name topics up to here, later by id. */
const newestByName = 9

export async function groupsOf(cluster: Cluster): Promise<GroupSummary[]> {
  const { brokers } = await cluster.metadata([])
  const answers = await Promise.all(
    brokers.map(({ nodeId }) =>
      cluster.retrying(async () => {
        const answer = await cluster.node(nodeId, listGroups, { statesFilter: [], typesFilter: [] })
        check(answer.errorCode)
        return answer.groups
      }),
    ),
  )
  return answers
    .flat()
    .map(({ groupId, groupType, groupState }) => ({ groupId, type: groupType, state: groupState }))
    .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

/** Rejects with a NotFoundError. */
export async function groupOf(cluster: Cluster, groupId: string): Promise<GroupDetails> {
  const summary = (await groupsOf(cluster)).find(group => group.groupId === groupId)
  if (summary === undefined) throw new NotFoundError(`There is no group ${groupId}`)
  const members =
    summary.type === 'consumer' ? await consumerMembers(cluster, groupId) : await classicMembers(cluster, groupId)
  const committed = await committedOffsets(cluster, groupId)
  const ends = await endOffsets(cluster, committed)
  const partitions = committed.map(({ topic, partition, offset }): GroupProgress => {
    const endOffset = ends.get(`${topic}/${partition}`) ?? offset
    return { topic, partition, committedOffset: offset, endOffset, lag: Math.max(endOffset - offset, 0) }
  })
  return { ...summary, members, partitions }
}

/** Rejects with a RefusedError while the group has members: they would go on where they are, and commit over it. */
export async function moveOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly { topic: string; partition: number; offset: number }[],
): Promise<void> {
  const byTopic = Map.groupBy(offsets, ({ topic }) => topic)
  const topics = [...byTopic].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: '',
    })),
  }))
  await cluster.coordinator(groupId, offsetCommit, {
    body: { groupId, memberId: '', topics },
    newestVersion: newestByName,
    errorCodeOf: ({ topics }) => {
      const codes = topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
      const code = codes.find(code => code !== 0) ?? 0
      if (errorName(code) === 'UNKNOWN_MEMBER_ID')
        throw new RefusedError(`Group ${groupId} has members: stop them first`)
      return code
    },
  })
}

export async function removeGroup(cluster: Cluster, groupId: string): Promise<void> {
  await cluster.coordinator(groupId, deleteGroups, {
    body: { groupsNames: [groupId] },
    errorCodeOf: ({ results }) => {
      const code = results[0]?.errorCode ?? 0
      const name = errorName(code)
      if (name === 'NON_EMPTY_GROUP') throw new RefusedError(`Group ${groupId} has members: stop them first`)
      if (name === 'GROUP_ID_NOT_FOUND') throw new NotFoundError(`There is no group ${groupId}`)
      return code
    },
  })
}

async function classicMembers(cluster: Cluster, groupId: string): Promise<GroupMember[]> {
  const { groups } = await cluster.coordinator(groupId, describeGroups, {
    body: { groups: [groupId] },
    errorCodeOf: ({ groups }) => groups[0]?.errorCode ?? 0,
  })
  return groups[0]!.members.map(({ memberId, clientId, clientHost }) => ({ memberId, clientId, host: clientHost }))
}

async function consumerMembers(cluster: Cluster, groupId: string): Promise<GroupMember[]> {
  const { groups } = await cluster.coordinator(groupId, consumerGroupDescribe, {
    body: { groupIds: [groupId], includeAuthorizedOperations: false },
    errorCodeOf: ({ groups }) => groups[0]?.errorCode ?? 0,
  })
  return groups[0]!.members.map(({ memberId, clientId, clientHost }) => ({ memberId, clientId, host: clientHost }))
}

async function committedOffsets(cluster: Cluster, groupId: string) {
  const answer = await cluster.coordinator(groupId, offsetFetch, {
    body: { groupId, topics: null, groups: [{ groupId, topics: null }] },
    newestVersion: newestByName,
    errorCodeOf: ({ groups, errorCode }) => groups[0]?.errorCode ?? errorCode,
  })
  const topics = answer.groups[0]?.topics ?? answer.topics
  return topics
    .flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => ({
        topic: name,
        partition: partitionIndex,
        offset: Number(committedOffset),
      })),
    )
    .filter(({ offset }) => offset >= 0)
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}
