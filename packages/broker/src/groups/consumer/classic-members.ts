/**
 * Members of the classic protocol in a consumer group: what JoinGroup, SyncGroup, Heartbeat and LeaveGroup mean to them there.
 *
 * The server assigns, so there is no leader, and nobody waits for the others: JoinGroup says what the member reads and what it has given up
 * and is answered at once with the member's epoch as generation; SyncGroup fetches what it shall read; Heartbeat says
 * REBALANCE_IN_PROGRESS whenever there is something new for it.
 */

import {
  type ConsumerProtocolSubscription,
  decodeConsumerProtocolSubscription,
  KafkaError,
  MalformedMessageError,
} from '@ottla/protocol'
import { assert } from '../assert.ts'
import type {
  JoinCaller,
  JoinRequest,
  JoinResult,
  LeaveResult,
  LeavingMember,
  MemberIdentity,
  SyncRequest,
  SyncResult,
} from '../results.ts'
import type { ConsumerContext } from './consumer-context.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { asTopicNames, type ClassicProtocol, type ConsumerMember, newMember } from './consumer-member.ts'
import { fenceMembers } from './departure.ts'
import { GroupDraft } from './group-draft.ts'
import { checkInstance, checkRoom, reconcileMember, replaceStatic, updateSubscription } from './membership.ts'
import { canDowngrade, classicAssignment, convertToClassicGroup } from './migration.ts'
import type { TopicPartitionsList } from './partitions.ts'
import { updateGroupEpoch, updateTarget } from './target-assignment.ts'
import type { TopicCatalog } from './topics.ts'

type ClassicMember = ConsumerMember & { readonly classic: ClassicProtocol }

/** @throws KafkaError what the member is told instead */
export async function joinAsClassic(
  context: ConsumerContext,
  group: ConsumerGroup,
  request: JoinRequest,
  caller: JoinCaller,
): Promise<JoinResult> {
  const isUnknown = request.memberId === ''
  const memberId = isUnknown ? context.randomMemberId() : request.memberId
  checkRoom(context, group, memberId)
  const [first] = request.protocols
  if (first === undefined || !supports(group, request)) {
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `Member ${memberId}'s protocols are not supported.`)
  }
  if (isUnknown && request.groupInstanceId === null && caller.requiresKnownMemberId) {
    return { error: 'MEMBER_ID_REQUIRED', memberId }
  }
  const subscription = decodeSubscription(first.metadata)
  const replaced = replacedMember(group, request, isUnknown)
  const draft = new GroupDraft(group)
  const member =
    replaced !== undefined && replaced.memberId !== memberId
      ? replaceStatic(draft, replaced, memberId)
      : (group.members.get(memberId) ?? newMember(memberId))
  const updated: ConsumerMember = {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: subscription.rackId || member.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    subscribedTopicNames: asTopicNames(subscription.topics),
    subscribedTopicRegex: '',
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    // The bytes are copied: a slice would keep the whole network frame in memory.
    classic: {
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    },
  }
  const isNew = !draft.group.members.has(memberId)
  const hasSubscriptionChanged = updateSubscription(context, draft, { member, updated, isNew })
  const owned = ownedPartitions(subscription, context.topics)
  const joined = (epoch: number): JoinResult => ({
    error: 'NONE',
    memberId,
    generationId: epoch,
    protocolType: 'consumer',
    protocolName: first.name,
    leader: '',
    members: [],
  })
  if (replaced !== undefined && replaced.classic === null) {
    const gone = new Set([replaced.memberId])
    if (canDowngrade(context, group, gone, { replaced: true })) {
      const joining = hasSubscriptionChanged
        ? updated
        : reconcileMember(context, draft, { member: updated, owned, hasSubscriptionChanged })
      await convertToClassicGroup(context, group, { gone, joining, needsRebalance: hasSubscriptionChanged })
      return joined(joining.memberEpoch)
    }
  }
  updateGroupEpoch(context, draft, hasSubscriptionChanged)
  updateTarget(context, draft)
  const reconciled = reconcileMember(context, draft, { member: updated, owned, hasSubscriptionChanged })
  const durable = context.change(group.groupId, draft.records)
  group.checkedCatalogVersion = context.topics.version
  group.deadlines?.cancel(memberId, 'join')
  group.deadlines?.cancel(memberId, 'rebalance')
  group.deadlines?.set(memberId, 'session', request.sessionTimeoutMs)
  group.deadlines?.set(memberId, 'sync', request.rebalanceTimeoutMs)
  context.logger.info({ group: group.groupId, member: memberId }, 'classic member joins a consumer group')
  await durable
  return joined(reconciled.memberEpoch)
}

/** @throws KafkaError what the member is told instead */
export async function syncAsClassic(
  context: ConsumerContext,
  group: ConsumerGroup,
  request: SyncRequest,
): Promise<SyncResult> {
  const { groupId } = group
  const member = classicMember(group, request)
  const { memberId } = member
  const { protocolType, protocolName } = request
  const isOther = protocolName !== null && protocolName !== member.classic.protocols[0]?.name
  if ((protocolType !== null && protocolType !== 'consumer') || isOther) {
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL')
  }
  // Who is giving up partitions has joined already and hears of what is newer when that is done.
  if (group.epoch > member.memberEpoch && member.state !== 'UnrevokedPartitions') {
    group.deadlines?.setIfAbsent(memberId, 'join', member.rebalanceTimeoutMs)
    throw new KafkaError(
      'REBALANCE_IN_PROGRESS',
      `A new rebalance is triggered in group ${groupId} and member ${memberId} should rejoin to catch up.`,
    )
  }
  const assignment = classicAssignment(member, member.assigned, context.topics)
  await context.change(groupId, [])
  group.deadlines?.cancel(memberId, 'sync')
  renewSession(group, member)
  return { error: 'NONE', protocolType, protocolName, assignment }
}

/** @throws KafkaError REBALANCE_IN_PROGRESS as the signal to join again, or what is wrong with the member */
export function heartbeatAsClassic(context: ConsumerContext, group: ConsumerGroup, identity: MemberIdentity): void {
  const member = classicMember(group, identity)
  renewSession(group, member)
  const hasNews =
    member.memberEpoch < group.epoch ||
    member.state === 'UnrevokedPartitions' ||
    (member.state === 'UnreleasedPartitions' && !group.isWaitingForOthers(member, context.topics))
  if (!hasNews) return
  group.deadlines?.setIfAbsent(member.memberId, 'join', member.rebalanceTimeoutMs)
  throw new KafkaError('REBALANCE_IN_PROGRESS')
}

/** Every member is answered for itself; members of either protocol can be removed. Resolves when it is durable. */
export async function leaveAsClassic(
  context: ConsumerContext,
  group: ConsumerGroup,
  leaving: readonly LeavingMember[],
): Promise<LeaveResult[]> {
  const gone = new Map<string, ConsumerMember>()
  const results = leaving.map(({ memberId, groupInstanceId, reason }): LeaveResult => {
    try {
      const member = leavingMember(group, { memberId, groupInstanceId })
      gone.set(member.memberId, member)
      context.logger.info({ group: group.groupId, member: member.memberId, reason }, 'member left the group')
      return { memberId: member.memberId, groupInstanceId, error: 'NONE' }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      return { memberId, groupInstanceId, error: error.errorName }
    }
  })
  if (gone.size > 0) await fenceMembers(context, group, [...gone.values()])
  return results
}

function leavingMember(
  group: ConsumerGroup,
  { memberId, groupInstanceId: instanceId }: { memberId: string; groupInstanceId: string | null },
): ConsumerMember {
  if (instanceId === null) return group.member(memberId)
  const member = group.staticMember(instanceId)
  // Without a member id the static identity alone decides: that is how an administrator removes one (KIP-345).
  checkInstance(member, { memberId: memberId === '' && member !== undefined ? member.memberId : memberId, instanceId })
  return member
}

/** A member can come in with a protocol that all classic members here support. */
function supports(group: ConsumerGroup, { protocolType, protocols }: JoinRequest): boolean {
  if (protocolType !== 'consumer') return false
  const members = group.classicMembers
  return protocols.some(({ name }) =>
    members.every(({ classic }) => classic?.protocols.some(protocol => protocol.name === name)),
  )
}

function decodeSubscription(metadata: Buffer): ConsumerProtocolSubscription {
  try {
    return decodeConsumerProtocolSubscription(metadata)
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `The subscription is malformed: ${error.message}`)
  }
}

/** The member with the static identity of the one that joins: its former self if it comes without an id, itself otherwise. */
function replacedMember(group: ConsumerGroup, request: JoinRequest, isUnknown: boolean): ConsumerMember | undefined {
  const { groupInstanceId: instanceId, memberId } = request
  if (instanceId === null) return undefined
  const current = group.staticMember(instanceId)
  if (!isUnknown) checkInstance(current, { memberId, instanceId })
  return current
}

function ownedPartitions(subscription: ConsumerProtocolSubscription, topics: TopicCatalog): TopicPartitionsList[] {
  return subscription.ownedPartitions.flatMap(({ topic: name, partitions }) => {
    const topic = topics.byName(name)
    return topic === undefined ? [] : { topicId: topic.id, partitions }
  })
}

/** @throws KafkaError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION */
function classicMember(group: ConsumerGroup, identity: MemberIdentity): ClassicMember {
  const { memberId, groupInstanceId: instanceId, generationId } = identity
  const member = instanceId === null ? group.member(memberId) : group.staticMember(instanceId)
  if (instanceId !== null) checkInstance(member, { memberId, instanceId })
  assert(member !== undefined, `${memberId} is not in group ${group.groupId}`)
  const { classic } = member
  if (classic === null) {
    throw new KafkaError('UNKNOWN_MEMBER_ID', `Member ${member.memberId} does not use the classic protocol.`)
  }
  if (generationId !== member.memberEpoch) {
    throw new KafkaError(
      'ILLEGAL_GENERATION',
      `The request generation id ${generationId} is not equal to the member epoch ${member.memberEpoch} of member ${member.memberId}.`,
    )
  }
  return { ...member, classic }
}

function renewSession(group: ConsumerGroup, { memberId, classic }: ClassicMember): void {
  if (group.members.has(memberId)) group.deadlines?.set(memberId, 'session', classic.sessionTimeoutMs)
}
