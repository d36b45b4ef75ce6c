/** What divides the partitions of a group's topics among its members. A pure function: the same question has the same answer. */

import type { PartitionSet } from '../partitions.ts'

export interface AssignorMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Ids of the topics that it reads; all of them exist. */
  readonly topicIds: ReadonlySet<string>
  /** Its target before this one. May name partitions that it must not get any more. */
  readonly previous: PartitionSet
}

export interface AssignmentQuestion {
  readonly members: readonly AssignorMember[]
  /** Partitions of a topic that members read: 0 to this, exclusive. */
  readonly partitionCount: (topicId: string) => number
}

/** Every partition of every topic that somebody reads goes to exactly one member that reads it. By member id; all members are in it. */
export type Assignment = ReadonlyMap<string, PartitionSet>

export interface Assignor {
  /** As clients ask for it (`group.remote.assignor`). */
  readonly name: string
  assign(question: AssignmentQuestion): Assignment
}

/** Assignments as they grow. */
export class AssignmentBuilder {
  readonly #assignment = new Map<string, Map<string, Set<number>>>()

  constructor(members: readonly AssignorMember[]) {
    for (const { memberId } of members) this.#assignment.set(memberId, new Map())
  }

  add(memberId: string, topicId: string, partition: number): void {
    const ofMember = this.#of(memberId)
    const ofTopic = ofMember.get(topicId)
    if (ofTopic === undefined) ofMember.set(topicId, new Set([partition]))
    else ofTopic.add(partition)
  }

  remove(memberId: string, topicId: string, partition: number): void {
    const ofMember = this.#of(memberId)
    const ofTopic = ofMember.get(topicId)
    ofTopic?.delete(partition)
    if (ofTopic?.size === 0) ofMember.delete(topicId)
  }

  build(): Assignment {
    return this.#assignment
  }

  #of(memberId: string): Map<string, Set<number>> {
    const ofMember = this.#assignment.get(memberId)
    if (ofMember === undefined) throw new Error(`${memberId} is not among the members to assign to`)
    return ofMember
  }
}

/** All topics that somebody reads, in a fixed order. */
export function subscribedTopicIds(members: readonly AssignorMember[]): string[] {
  const topicIds = new Set<string>()
  for (const member of members) for (const topicId of member.topicIds) topicIds.add(topicId)
  return [...topicIds].sort()
}

export function byMemberId(a: AssignorMember, b: AssignorMember): number {
  return a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0
}
