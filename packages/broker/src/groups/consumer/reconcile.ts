/**
 * Takes one member a step towards its target assignment: the state machine of KIP-848's reconciliation, all of its transitions.
 *
 *                 new target, nothing to give up
 *            ┌──────────────────────────────────────┐
 *            │                                      ▼
 *   any ──▶ compute ── must give up some ──▶ UnrevokedPartitions ──┐ still owns them: stays
 *            │ ▲                                    │ ◀────────────┘
 *            │ └──────── gave them up ──────────────┘
 *            ├── others still hold some of it ──▶ UnreleasedPartitions ── asks again ──▶ compute
 *            └── has all of it ──▶ Stable
 *
 * The rule that everything rests on: a partition is given to a member only when no other member has it, neither assigned
 * nor still to be given up. While a member has something to give up it stays in its epoch.
 */

import { type ConsumerMember, isReconciledTo } from './consumer-member.ts'
import {
  hasPartition,
  noPartitions,
  type OwnedPartitions,
  type PartitionSet,
  type TopicPartitionsList,
  unionOwned,
} from './partitions.ts'

export interface Reconciliation {
  readonly member: ConsumerMember
  readonly targetEpoch: number
  readonly target: PartitionSet
  /** Whether any member has the partition, assigned or still to be given up. */
  readonly isOwned: (topicId: string, partition: number) => boolean
  /** Whether the member reads the topic, by what it says now. */
  readonly isSubscribed: (topicId: string) => boolean
  /** True when the member has just changed what it reads: what it does not read any more is taken from it at once. */
  readonly hasSubscriptionChanged: boolean
  /** What the member says it has, null when it does not say. */
  readonly owned: readonly TopicPartitionsList[] | null
}

/** @returns the member itself when nothing can move */
export function reconcile(reconciliation: Reconciliation): ConsumerMember {
  const { member, targetEpoch, hasSubscriptionChanged } = reconciliation
  if (!hasSubscriptionChanged && isReconciledTo(member, targetEpoch)) return member
  switch (member.state) {
    case 'Stable':
      if (member.memberEpoch !== targetEpoch) return compute(reconciliation)
      return dropUnsubscribed(reconciliation)
    case 'UnrevokedPartitions':
      if (!stillOwns(reconciliation, member.pendingRevocation)) return compute(reconciliation)
      return hasSubscriptionChanged ? dropUnsubscribed(reconciliation) : member
    case 'UnreleasedPartitions':
      return compute(reconciliation)
  }
}

function compute(reconciliation: Reconciliation): ConsumerMember {
  const { member, target, targetEpoch, isOwned, isSubscribed } = reconciliation
  const kept = new Map<string, Map<number, number>>()
  const toRevoke = new Map<string, Map<number, number>>()
  for (const [topicId, partitions] of member.assigned) {
    const wanted = isSubscribed(topicId) ? target.get(topicId) : undefined
    for (const [partition, epoch] of partitions) {
      put(wanted?.has(partition) ? kept : toRevoke, topicId, partition, epoch)
    }
  }
  if (toRevoke.size > 0 && stillOwns(reconciliation, toRevoke)) {
    return {
      ...member,
      state: 'UnrevokedPartitions',
      ...inEpoch(member, member.memberEpoch),
      assigned: kept,
      pendingRevocation: toRevoke,
    }
  }
  let isWaiting = false
  for (const [topicId, partitions] of target) {
    if (!isSubscribed(topicId)) continue
    for (const partition of partitions) {
      if (hasPartition(member.assigned, topicId, partition)) continue
      // What the member itself has just given up is free for it: nobody else can have it.
      if (isOwned(topicId, partition) && !hasPartition(member.pendingRevocation, topicId, partition)) isWaiting = true
      else put(kept, topicId, partition, targetEpoch)
    }
  }
  return {
    ...member,
    state: isWaiting ? 'UnreleasedPartitions' : 'Stable',
    ...inEpoch(member, targetEpoch),
    assigned: kept,
    pendingRevocation: noPartitions,
  }
}

/** The subscription moved away from topics before a new target was there. */
function dropUnsubscribed(reconciliation: Reconciliation): ConsumerMember {
  const { member, isSubscribed } = reconciliation
  const kept = new Map<string, ReadonlyMap<number, number>>()
  const dropped = new Map<string, ReadonlyMap<number, number>>()
  for (const [topicId, partitions] of member.assigned) (isSubscribed(topicId) ? kept : dropped).set(topicId, partitions)
  if (dropped.size === 0) return member
  const toRevoke = unionOwned(member.pendingRevocation, dropped)
  if (!stillOwns(reconciliation, toRevoke)) return { ...member, ...inEpoch(member, member.memberEpoch), assigned: kept }
  return {
    ...member,
    state: 'UnrevokedPartitions',
    ...inEpoch(member, member.memberEpoch),
    assigned: kept,
    pendingRevocation: toRevoke,
  }
}

/** A member that does not say what it has must be taken to have everything. */
function stillOwns({ owned }: Reconciliation, partitions: OwnedPartitions): boolean {
  if (owned === null) return true
  return owned.some(({ topicId, partitions: ofTopic }) =>
    ofTopic.some(partition => hasPartition(partitions, topicId, partition)),
  )
}

function inEpoch({ memberEpoch }: ConsumerMember, epoch: number): { memberEpoch: number; previousMemberEpoch: number } {
  return { memberEpoch: epoch, previousMemberEpoch: memberEpoch }
}

function put(partitions: Map<string, Map<number, number>>, topicId: string, partition: number, epoch: number): void {
  let ofTopic = partitions.get(topicId)
  if (ofTopic === undefined) {
    ofTopic = new Map()
    partitions.set(topicId, ofTopic)
  }
  ofTopic.set(partition, epoch)
}
