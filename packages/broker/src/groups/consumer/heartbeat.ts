/**
 * ConsumerGroupHeartbeat (KIP-848): a member joins, says what it reads and what it has, learns what it shall have, and leaves.
 *
 * Each heartbeat does as much as can be done: it takes in what the member says, begins a new group epoch if that changes the work, computes a
 * target if one is due, and takes this one member a step towards it. Nobody ever waits for anybody: a member that can't move
 * on yet is told so by the next heartbeats.
 */

import { KafkaError } from '@ottla/protocol'
import { assert } from '../assert.ts'
import { ClassicGroup } from '../classic-group.ts'
import type { GroupRecord } from '../group-records.ts'
import type { ConsumerContext } from './consumer-context.ts'
import { ConsumerGroup } from './consumer-group.ts'
import {
  assignmentOf,
  asTopicNames,
  type ConsumerMember,
  leaves,
  leavesTemporarily,
  newMember,
} from './consumer-member.ts'
import { fenceMembers } from './departure.ts'
import { GroupDraft } from './group-draft.ts'
import { checkInstance, checkRoom, reconcileMember, replaceStatic, updateSubscription } from './membership.ts'
import { checkUpgrade, convertToConsumerGroup, startUpgraded } from './migration.ts'
import { isSubset, noPartitions, samePartitions, type TopicPartitionsList, toList } from './partitions.ts'
import { updateGroupEpoch, updateTarget } from './target-assignment.ts'

export interface ConsumerHeartbeat {
  readonly groupId: string
  readonly memberId: string
  /** 0 to join, `leaves` or `leavesTemporarily` to go, or the epoch that the member is in. */
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1: as before. */
  readonly rebalanceTimeoutMs: number
  /** null: as before, here and below. */
  readonly subscribedTopicNames: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly topicPartitions: readonly TopicPartitionsList[] | null
}

export interface ConsumerCaller {
  readonly clientId: string
  readonly clientHost: string
}

export interface ConsumerHeartbeatResult {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** null: as before. */
  readonly assignment: { topicId: string; partitions: number[] }[] | null
}

/**
 * @returns the answer, once all that it says is durable
 * @throws KafkaError what the member is told instead
 */
export async function consumerHeartbeat(
  context: ConsumerContext,
  request: ConsumerHeartbeat,
  caller: ConsumerCaller,
): Promise<ConsumerHeartbeatResult> {
  if (request.memberEpoch < 0) return await leave(context, request)
  const { result, durable } = beat(context, request, caller)
  await durable
  return result
}

function beat(context: ConsumerContext, request: ConsumerHeartbeat, caller: ConsumerCaller) {
  const { groupId, memberEpoch } = request
  const { draft, before, upgraded } = openGroup(context, request)
  checkRoom(context, draft.group, request.memberId)
  const member = findMember(draft, request)
  const isNew = !draft.group.members.has(member.memberId)
  const updated: ConsumerMember = {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    subscribedTopicNames: request.subscribedTopicNames
      ? asTopicNames(request.subscribedTopicNames)
      : member.subscribedTopicNames,
    subscribedTopicRegex: request.subscribedTopicRegex ?? member.subscribedTopicRegex,
    ...caller,
    classic: null,
  }
  const hasSubscriptionChanged = updateSubscription(context, draft, { member, updated, isNew })
  const hasAssignorChanged = updated.serverAssignor !== member.serverAssignor
  updateGroupEpoch(context, draft, hasSubscriptionChanged || hasAssignorChanged)
  updateTarget(context, draft)
  const owned = request.topicPartitions
  const reconciled = reconcileMember(context, draft, { member: updated, owned, hasSubscriptionChanged })
  const durable = context.change(groupId, [...before, ...draft.records])
  const group = context.find(groupId)
  assert(group instanceof ConsumerGroup, `group ${groupId} is not there after a heartbeat`)
  group.checkedCatalogVersion = context.topics.version
  if (upgraded !== null) startUpgraded(group, upgraded)
  setDeadlines(context, group, { member: reconciled, hasMoved: reconciled !== updated })
  const isFullRequest =
    request.rebalanceTimeoutMs !== -1 &&
    (request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null) &&
    request.topicPartitions !== null
  const tellsAssignment = memberEpoch === 0 || isFullRequest || !samePartitions(member.assigned, reconciled.assigned)
  const result: ConsumerHeartbeatResult = {
    memberId: reconciled.memberId,
    memberEpoch: reconciled.memberEpoch,
    heartbeatIntervalMs: context.configOf(groupId).heartbeatIntervalMs,
    assignment: tellsAssignment ? toList(reconciled.assigned) : null,
  }
  return { result, durable }
}

/** A new group begins in epoch 1, with an empty target: the first member's subscription then moves it on. */
const firstEpoch = 1

/**
 * The group that the heartbeat is for. One that is not there is created by a member that joins; a classic one is taken over.
 * @returns the records that must come before those of the draft, and the classic group that was taken over
 */
function openGroup(
  context: ConsumerContext,
  { groupId, memberEpoch }: ConsumerHeartbeat,
): {
  draft: GroupDraft
  before: GroupRecord[]
  upgraded: ClassicGroup | null
} {
  const group = context.find(groupId)
  if (group instanceof ConsumerGroup) return { draft: new GroupDraft(group), before: [], upgraded: null }
  if (memberEpoch !== 0) {
    throw new KafkaError(
      'GROUP_ID_NOT_FOUND',
      group === undefined ? `Consumer group ${groupId} not found.` : `Group ${groupId} is not a consumer group.`,
    )
  }
  const draft = new GroupDraft(new ConsumerGroup({ groupId, deadlines: null }), { isNew: true })
  if (group instanceof ClassicGroup && group.members.size > 0) {
    checkUpgrade(context, group)
    convertToConsumerGroup(context, group, draft)
    return { draft, before: [{ kind: 'group', groupId, value: null }], upgraded: group }
  }
  draft.apply({ type: 'groupEpoch', value: { epoch: firstEpoch, metadataHash: 0n } })
  draft.apply({ type: 'targetEpoch', value: { epoch: firstEpoch, timestampMs: 0 } })
  // Of an empty classic group only its offsets are of use.
  const before: GroupRecord[] = group === undefined || group.isSimple ? [] : [{ kind: 'group', groupId, value: null }]
  return { draft, before, upgraded: null }
}

/** The member that the heartbeat speaks for, or a new one if it joins. */
function findMember(draft: GroupDraft, request: ConsumerHeartbeat): ConsumerMember {
  const { memberId, memberEpoch, instanceId } = request
  const joins = memberEpoch === 0
  if (instanceId !== null) {
    const current = draft.group.staticMember(instanceId)
    if (joins) return current === undefined ? newMember(memberId) : rejoinStatic(draft, current, request)
    checkInstance(current, { memberId, instanceId })
    checkEpoch(current, request)
    return current
  }
  const member = draft.group.members.get(memberId)
  if (member === undefined && joins) return newMember(memberId)
  const known = draft.group.member(memberId)
  checkEpoch(known, request)
  return known
}

/** A static member comes back. Its former self must have gone, unless it spoke the classic protocol, which can't say so. */
function rejoinStatic(draft: GroupDraft, current: ConsumerMember, request: ConsumerHeartbeat): ConsumerMember {
  const { memberId, instanceId } = request
  if (current.classic === null && current.memberEpoch !== leavesTemporarily) {
    throw new KafkaError(
      'UNRELEASED_INSTANCE_ID',
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${current.memberId} member.`,
    )
  }
  return replaceStatic(draft, current, memberId)
}

/**
 * A member must be in the epoch that it says; the one before will do if it has nothing that the new one does not give it, since the
 * answer that told it may be lost.
 */
function checkEpoch(member: ConsumerMember, { memberEpoch, topicPartitions }: ConsumerHeartbeat): void {
  if (memberEpoch === 0 || memberEpoch === member.memberEpoch) return
  const mustRejoin = 'The member must abandon all its partitions and rejoin.'
  if (memberEpoch > member.memberEpoch) {
    throw new KafkaError(
      'FENCED_MEMBER_EPOCH',
      `The consumer group member has a greater member epoch (${memberEpoch}) than the one known by the group coordinator (${member.memberEpoch}). ${mustRejoin}`,
    )
  }
  const hasMissedAnswer = memberEpoch === member.previousMemberEpoch
  if (hasMissedAnswer && topicPartitions !== null && isSubset(topicPartitions, member.assigned)) return
  throw new KafkaError(
    'FENCED_MEMBER_EPOCH',
    `The consumer group member has a smaller member epoch (${memberEpoch}) than the one known by the group coordinator (${member.memberEpoch}). ${mustRejoin}`,
  )
}

function setDeadlines(
  context: ConsumerContext,
  group: ConsumerGroup,
  { member, hasMoved }: { member: ConsumerMember; hasMoved: boolean },
): void {
  const { memberId, state, rebalanceTimeoutMs } = member
  const { deadlines } = group
  deadlines?.set(memberId, 'session', context.configOf(group.groupId).sessionTimeoutMs)
  deadlines?.cancel(memberId, 'join')
  deadlines?.cancel(memberId, 'sync')
  // Each time it is told to give up something it has its whole time for it.
  if (state !== 'UnrevokedPartitions') deadlines?.cancel(memberId, 'rebalance')
  else if (hasMoved) deadlines?.set(memberId, 'rebalance', rebalanceTimeoutMs)
}

async function leave(context: ConsumerContext, request: ConsumerHeartbeat): Promise<ConsumerHeartbeatResult> {
  const { groupId, memberId, memberEpoch, instanceId } = request
  const group = context.find(groupId)
  if (group === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
  if (!(group instanceof ConsumerGroup)) {
    throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  }
  const result: ConsumerHeartbeatResult = { memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null }
  const member = instanceId === null ? group.member(memberId) : group.staticMember(instanceId)
  if (instanceId !== null) checkInstance(member, { memberId, instanceId })
  assert(member !== undefined, `${memberId} leaves group ${groupId} without being in it`)
  if (memberEpoch === leavesTemporarily) {
    const away = { ...assignmentOf(member), memberEpoch: leavesTemporarily, pendingRevocation: noPartitions }
    const draft = new GroupDraft(group)
    draft.apply({ type: 'current', memberId, value: away })
    const durable = context.change(groupId, draft.records)
    group.deadlines?.cancel(memberId, 'rebalance')
    context.logger.info({ group: groupId, member: memberId, instance: instanceId }, 'static member is away')
    await durable
    return result
  }
  assert(memberEpoch === leaves, `${memberEpoch} is not an epoch to leave with`)
  context.logger.info({ group: groupId, member: memberId }, 'member left the consumer group')
  await fenceMembers(context, group, [member])
  return result
}
