/**
 * The uniform assignor: as many partitions for everybody, whatever their topics, and as few of them moved as that allows.
 *
 * Members keep what they had up to their share. What is left over goes to those who have too little. When members read different
 * topics, equal shares may be impossible; then partitions move from who has more to who has at least two less until none can.
 */

import { hasPartition } from '../partitions.ts'
import {
  AssignmentBuilder,
  type AssignmentQuestion,
  type Assignor,
  type AssignorMember,
  byMemberId,
  subscribedTopicIds,
} from './assignor.ts'

interface Partition {
  readonly topicId: string
  readonly partition: number
}

export const uniformAssignor: Assignor = {
  name: 'uniform',
  assign: question => {
    if (question.members.length === 0) return new Map()
    return readTheSame(question.members) ? assignEqualReaders(question) : assignDifferentReaders(question)
  },
}

function readTheSame(members: readonly AssignorMember[]): boolean {
  const first = members[0]
  return members.every(
    ({ topicIds }) =>
      topicIds.size === first?.topicIds.size && [...topicIds].every(topicId => first.topicIds.has(topicId)),
  )
}

/** The partitions of a member's previous target that exist and are of topics that it reads, in a fixed order. */
function previousOf({ topicIds, previous }: AssignorMember, partitionCount: (topicId: string) => number): Partition[] {
  const partitions: Partition[] = []
  for (const topicId of [...topicIds].sort()) {
    for (const partition of [...(previous.get(topicId) ?? [])].sort((a, b) => a - b)) {
      if (partition < partitionCount(topicId)) partitions.push({ topicId, partition })
    }
  }
  return partitions
}

/** Everybody reads the same: shares differ by at most one, and only what is above a share moves. */
function assignEqualReaders({ members, partitionCount }: AssignmentQuestion): ReturnType<Assignor['assign']> {
  const builder = new AssignmentBuilder(members)
  const inOrder = [...members].sort(byMemberId)
  const all = allPartitions(members, partitionCount)
  const share = Math.floor(all.length / inOrder.length)
  let withOneMore = all.length % inOrder.length
  const taken = new Map<string, Set<number>>()
  const counts = new Map<string, number>()
  const give = (memberId: string, { topicId, partition }: Partition): void => {
    builder.add(memberId, topicId, partition)
    counts.set(memberId, (counts.get(memberId) ?? 0) + 1)
    const ofTopic = taken.get(topicId)
    if (ofTopic === undefined) taken.set(topicId, new Set([partition]))
    else ofTopic.add(partition)
  }
  for (const member of inOrder) {
    const had = previousOf(member, partitionCount).filter(
      ({ topicId, partition }) => !hasPartition(taken, topicId, partition),
    )
    const keepsOneMore = had.length > share && withOneMore > 0
    if (keepsOneMore) withOneMore--
    for (const partition of had.slice(0, share + (keepsOneMore ? 1 : 0))) give(member.memberId, partition)
  }
  const free = all.filter(({ topicId, partition }) => !hasPartition(taken, topicId, partition))
  let next = 0
  for (const { memberId } of inOrder) {
    let count = counts.get(memberId) ?? 0
    if (count > share) continue
    const quota = share + (withOneMore > 0 ? 1 : 0)
    if (quota > share) withOneMore--
    for (; count < quota; count++) give(memberId, free[next++]!)
  }
  return builder.build()
}

function assignDifferentReaders({ members, partitionCount }: AssignmentQuestion): ReturnType<Assignor['assign']> {
  const builder = new AssignmentBuilder(members)
  const inOrder = [...members].sort(byMemberId)
  const counts = new Map(inOrder.map(({ memberId }) => [memberId, 0]))
  /** By topic, the owner of each partition. */
  const owners = new Map<string, string[]>()
  const readers = new Map<string, string[]>()
  for (const topicId of subscribedTopicIds(members)) {
    owners.set(topicId, [])
    readers.set(
      topicId,
      inOrder.filter(member => member.topicIds.has(topicId)).map(({ memberId }) => memberId),
    )
  }
  const give = (memberId: string, { topicId, partition }: Partition): void => {
    builder.add(memberId, topicId, partition)
    owners.get(topicId)![partition] = memberId
    counts.set(memberId, counts.get(memberId)! + 1)
  }
  const leastLoaded = (ids: readonly string[]): string =>
    ids.reduce((a, b) => (counts.get(b)! < counts.get(a)! ? b : a))
  for (const member of inOrder) {
    for (const partition of previousOf(member, partitionCount)) {
      if (owners.get(partition.topicId)![partition.partition] === undefined) give(member.memberId, partition)
    }
  }
  // Topics that few read come first: who reads more can still be given something else.
  const topicIds = [...owners.keys()].sort((a, b) => readers.get(a)!.length - readers.get(b)!.length)
  for (const topicId of topicIds) {
    for (let partition = 0; partition < partitionCount(topicId); partition++) {
      if (owners.get(topicId)![partition] === undefined)
        give(leastLoaded(readers.get(topicId)!), { topicId, partition })
    }
  }
  // Each move lowers the sum of the squares of what members have, so this ends.
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false
    for (const topicId of topicIds) {
      const ofTopic = owners.get(topicId)!
      for (let partition = ofTopic.length - 1; partition >= 0; partition--) {
        const owner = ofTopic[partition]!
        const least = leastLoaded(readers.get(topicId)!)
        if (counts.get(owner)! - counts.get(least)! < 2) continue
        builder.remove(owner, topicId, partition)
        counts.set(owner, counts.get(owner)! - 1)
        give(least, { topicId, partition })
        hasMoved = true
      }
    }
  }
  return builder.build()
}

function allPartitions(members: readonly AssignorMember[], partitionCount: (topicId: string) => number): Partition[] {
  return subscribedTopicIds(members).flatMap(topicId =>
    Array.from({ length: partitionCount(topicId) }, (_, partition) => ({ topicId, partition })),
  )
}
