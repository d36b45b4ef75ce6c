/** The steps that all ways into, through and out of a consumer group have in common. They work on a draft and write nothing. */

import { KafkaError } from '@ottla/protocol'
import type { ConsumerContext } from './consumer-context.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { assignmentOf, type ConsumerMember, sameNames, sameSubscription, subscriptionOf } from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import type { TopicPartitionsList } from './partitions.ts'
import { reconcile } from './reconcile.ts'
import { resolveExpression } from './regular-expressions.ts'

/** @throws KafkaError GROUP_MAX_SIZE_REACHED */
export function checkRoom({ settings }: ConsumerContext, group: ConsumerGroup, memberId: string): void {
  const { maxSize } = settings.consumer
  if (group.members.size < maxSize || group.members.has(memberId)) return
  throw new KafkaError(
    'GROUP_MAX_SIZE_REACHED',
    `The consumer group has reached its maximum capacity of ${maxSize} members.`,
  )
}

/** Puts a new member id in the place of a static member: same subscription, same partitions, from epoch 0 on. */
export function replaceStatic(draft: GroupDraft, current: ConsumerMember, memberId: string): ConsumerMember {
  const successor: ConsumerMember = { ...current, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
  const target = draft.group.target(current.memberId)
  removeMember(draft, current.memberId)
  draft.apply({ type: 'member', memberId, value: subscriptionOf(successor) })
  draft.apply({ type: 'target', memberId, value: target })
  draft.apply({ type: 'current', memberId, value: assignmentOf(successor) })
  return successor
}

/** In Kafka's order, which its replay relies on. */
export function removeMember(draft: GroupDraft, memberId: string): void {
  draft.apply({ type: 'current', memberId, value: null })
  draft.apply({ type: 'target', memberId, value: null })
  draft.apply({ type: 'member', memberId, value: null })
}

/** @throws KafkaError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID */
export function checkInstance(
  current: ConsumerMember | undefined,
  { memberId, instanceId }: { memberId: string; instanceId: string },
): asserts current is ConsumerMember {
  if (current === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
  if (current.memberId === memberId) return
  throw new KafkaError(
    'FENCED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${current.memberId}.`,
  )
}

/** @returns whether the topics that the member reads, by name or by expression, are others than before */
export function updateSubscription(
  context: ConsumerContext,
  draft: GroupDraft,
  change: { member: ConsumerMember; updated: ConsumerMember; isNew: boolean },
): boolean {
  const { member, updated, isNew } = change
  if (isNew || !sameSubscription(member, updated)) {
    draft.apply({ type: 'member', memberId: updated.memberId, value: subscriptionOf(updated) })
  }
  const namesChanged = !sameNames(member.subscribedTopicNames, updated.subscribedTopicNames)
  const expressionChanged = (member.subscribedTopicRegex ?? '') !== (updated.subscribedTopicRegex ?? '')
  if (expressionChanged) forgetExpression(draft, member.subscribedTopicRegex)
  const expressionsChanged = updateExpressions(context, draft)
  return namesChanged || expressionChanged || expressionsChanged
}

/** An expression that nobody reads by any more. */
export function forgetExpression(draft: GroupDraft, expression: string | null): void {
  if (expression === null || !draft.group.expressions.has(expression)) return
  if (draft.group.countReadersBy(expression) === 0) draft.apply({ type: 'expression', expression, value: null })
}

/** Resolves new expressions, and all of them when the catalog has changed. @returns whether one matches other topics than before */
function updateExpressions(context: ConsumerContext, draft: GroupDraft): boolean {
  const { topics, clock } = context
  const expressions = new Set<string>()
  for (const { subscribedTopicRegex } of draft.group.members.values()) {
    if (subscribedTopicRegex) expressions.add(subscribedTopicRegex)
  }
  let hasChanged = false
  for (const expression of expressions) {
    const before = draft.group.expressions.get(expression)
    if (before !== undefined && draft.group.checkedCatalogVersion === topics.version) continue
    const resolved = resolveExpression({ expression, topics, nowMs: clock.now() })
    if (before !== undefined && sameNames(before.topics, resolved.topics)) continue
    hasChanged ||= before !== undefined || resolved.topics.length > 0
    draft.apply({ type: 'expression', expression, value: resolved })
  }
  return hasChanged
}

/** Takes the member a step towards its target. @returns the member as it then is */
export function reconcileMember(
  context: ConsumerContext,
  draft: GroupDraft,
  options: {
    member: ConsumerMember
    owned: readonly TopicPartitionsList[] | null
    hasSubscriptionChanged: boolean
  },
): ConsumerMember {
  const { member, owned, hasSubscriptionChanged } = options
  const { group } = draft
  const topics = group.topicsOf(member)
  const reconciled = reconcile({
    member,
    targetEpoch: group.targetEpoch.epoch,
    target: group.target(member.memberId),
    isOwned: (topicId, partition) => group.isOwned(topicId, partition),
    isSubscribed: topicId => topics.has(context.topics.byId(topicId)?.name ?? ''),
    hasSubscriptionChanged,
    owned,
  })
  if (reconciled !== member) {
    draft.apply({ type: 'current', memberId: member.memberId, value: assignmentOf(reconciled) })
  }
  return reconciled
}
