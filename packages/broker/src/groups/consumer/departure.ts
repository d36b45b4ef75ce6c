/** Members leave a consumer group: by themselves, because they missed a deadline, or because an administrator removes them. */

import { KafkaError } from '@ottla/protocol'
import type { ConsumerContext } from './consumer-context.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { GroupDraft } from './group-draft.ts'
import type { DeadlineKind } from './member-deadlines.ts'
import { forgetExpression, removeMember } from './membership.ts'
import { canDowngrade, convertToClassicGroup } from './migration.ts'
import { beginEpoch } from './target-assignment.ts'
import { metadataHash } from './topics.ts'

/**
 * Removes the members and begins a new epoch for those who stay. When only members of the classic protocol stay, the group becomes a
 * classic one again.
 * @returns a promise that resolves when it is durable
 * @throws KafkaError when the log refuses it
 */
export function fenceMembers(
  context: ConsumerContext,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
): Promise<void> {
  const gone = new Set(members.map(({ memberId }) => memberId))
  if (canDowngrade(context, group, gone)) return convertToClassicGroup(context, group, { gone })
  const draft = new GroupDraft(group)
  for (const memberId of gone) removeMember(draft, memberId)
  for (const { subscribedTopicRegex } of members) forgetExpression(draft, subscribedTopicRegex)
  beginEpoch(context, draft, metadataHash(draft.group.subscribedTopics, context.topics))
  // With nobody to assign to, nothing holds up the first one who comes.
  if (draft.group.members.size === 0) {
    draft.apply({ type: 'targetEpoch', value: { epoch: draft.group.epoch, timestampMs: 0 } })
  }
  return context.change(group.groupId, draft.records)
}

const reasons: Readonly<Record<DeadlineKind, string>> = {
  session: 'its session has ended',
  rebalance: 'it did not give up its partitions in time',
  join: 'it did not join again in time',
  sync: 'it did not ask for its assignment in time',
}

/** Tries again after this long when the log can't take that a member is gone. */
const retryMs = 5_000

/** A member missed a deadline. */
export function expireMember(
  context: ConsumerContext,
  { groupId, memberId, kind }: { groupId: string; memberId: string; kind: DeadlineKind },
): void {
  const group = context.find(groupId)
  if (!(group instanceof ConsumerGroup)) return
  const member = group.members.get(memberId)
  if (member === undefined) return
  const { logger } = context
  logger.info({ group: groupId, member: memberId, reason: reasons[kind] }, 'member is out of the consumer group')
  const failed = (error: unknown): void => {
    if (!(error instanceof KafkaError)) throw error
    logger.warn(
      { group: groupId, member: memberId, err: error },
      'that a member is out of its group could not be stored',
    )
  }
  try {
    fenceMembers(context, group, [member]).catch(failed)
  } catch (error) {
    failed(error)
    group.deadlines?.set(memberId, kind, retryMs)
  }
}

/** A group that was loaded: its members were silent only because we were away, so their time begins again. */
export function startDeadlines(context: ConsumerContext, group: ConsumerGroup): void {
  group.finishLoading()
  const { sessionTimeoutMs } = context.configOf(group.groupId)
  for (const { memberId, classic, state, rebalanceTimeoutMs } of group.members.values()) {
    group.deadlines?.set(memberId, 'session', classic?.sessionTimeoutMs ?? sessionTimeoutMs)
    if (classic === null && state === 'UnrevokedPartitions')
      group.deadlines?.set(memberId, 'rebalance', rebalanceTimeoutMs)
  }
}
