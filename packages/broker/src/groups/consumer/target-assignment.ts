/** Computes who shall have which partitions: the target assignment of a consumer group, towards which its members then move. */

import type { AssignorMember } from './assignors/assignor.ts'
import { assignors } from './assignors/index.ts'
import type { ConsumerContext } from './consumer-context.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import { noPartitions, samePartitions } from './partitions.ts'
import { metadataHash, type TopicCatalog } from './topics.ts'

/**
 * Begins a new group epoch if the group's members have changed, or the topics that it reads: created, deleted or with more partitions.
 * Topics are looked at only when the catalog has changed since the last time.
 */
export function updateGroupEpoch(context: ConsumerContext, draft: GroupDraft, hasChanged: boolean): void {
  const { topics } = context
  if (!hasChanged && draft.group.checkedCatalogVersion === topics.version) return
  const hash = metadataHash(draft.group.subscribedTopics, topics)
  if (!hasChanged && hash === draft.group.metadataHash) return
  beginEpoch(context, draft, hash)
}

export function beginEpoch(context: ConsumerContext, draft: GroupDraft, hash: bigint): void {
  const { group } = draft
  draft.apply({ type: 'groupEpoch', value: { epoch: group.epoch + 1, metadataHash: hash } })
  if (group.hasPartitionMetadata) draft.apply({ type: 'partitionMetadata', value: null })
  context.logger.info({ group: group.groupId, epoch: group.epoch + 1 }, 'consumer group has a new epoch')
}

/**
 * Computes the target of the group's epoch if there is none yet. While many members come and go at once the targets of
 * `consumer.assignment.interval.ms` are joined into one (KIP-1263); whoever sends the next heartbeat after it brings it about.
 */
export function updateTarget(context: ConsumerContext, draft: GroupDraft): void {
  const { group } = draft
  const { epoch, timestampMs } = group.targetEpoch
  if (group.epoch === epoch) return
  const nowMs = context.clock.now()
  const sinceLastMs = nowMs - timestampMs
  // A clock that was set back must not hold it up.
  if (timestampMs > 0 && sinceLastMs >= 0 && sinceLastMs < context.configOf(group.groupId).assignmentIntervalMs) return
  const assignor = assignors.get(preferredAssignor(context, group))
  if (assignor === undefined) throw new Error(`group ${group.groupId} is to use an assignor that does not exist`)
  const assignment = assignor.assign({
    members: Array.from(group.members.values(), member => assignorMember(group, member, context.topics)),
    partitionCount: topicId => context.topics.byId(topicId)?.partitionCount ?? 0,
  })
  for (const memberId of group.members.keys()) {
    const target = assignment.get(memberId) ?? noPartitions
    if (group.targets.has(memberId) && samePartitions(target, group.target(memberId))) continue
    draft.apply({ type: 'target', memberId, value: target })
  }
  draft.apply({ type: 'targetEpoch', value: { epoch: group.epoch, timestampMs: nowMs } })
}

/** The one that most members ask for, or the first of `group.consumer.assignors`. */
export function preferredAssignor({ settings }: ConsumerContext, group: ConsumerGroup): string {
  const votes = new Map<string, number>()
  for (const { serverAssignor } of group.members.values()) {
    if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
  }
  let preferred = settings.consumer.assignors[0] ?? 'uniform'
  let most = 0
  for (const name of settings.consumer.assignors) {
    const count = votes.get(name) ?? 0
    if (count > most) {
      preferred = name
      most = count
    }
  }
  return preferred
}

function assignorMember(group: ConsumerGroup, member: ConsumerMember, topics: TopicCatalog): AssignorMember {
  const { memberId, instanceId } = member
  const topicIds = new Set<string>()
  for (const name of group.topicsOf(member)) {
    const topic = topics.byName(name)
    if (topic !== undefined) topicIds.add(topic.id)
  }
  return { memberId, instanceId, topicIds, previous: group.target(memberId) }
}
