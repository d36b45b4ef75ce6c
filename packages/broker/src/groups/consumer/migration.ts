/**
 * A group changes its protocol while its members work (`group.consumer.migration.policy`).
 *
 * Upgrade: a member that speaks the consumer protocol joins a classic group; the others go on in the classic protocol and are
 * assigned by the server (`classic-members.ts`). Downgrade: the last member of the consumer protocol goes; those who are left
 * join again as a classic group. Both are one batch: tombstones of what was, records of what is.
 */

import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  KafkaError,
  MalformedMessageError,
} from '@ottla/protocol'
import { assert } from '../assert.ts'
import { ClassicGroup, type StoredGroup } from '../classic-group.ts'
import type { GroupRecord } from '../group-records.ts'
import type { MemberOptions } from '../member.ts'
import { cancelPhaseDeadline, prepareRebalance, startSessions } from '../rebalance.ts'
import type { ConsumerContext } from './consumer-context.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { assignmentOf, asTopicNames, type ConsumerMember, newMember, subscriptionOf } from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import { fromList, type OwnedPartitions, ownedSince, type PartitionSet, toList } from './partitions.ts'
import { metadataHash, type TopicCatalog } from './topics.ts'

export type MigrationPolicy = 'disabled' | 'downgrade' | 'upgrade' | 'bidirectional'

/** @throws KafkaError GROUP_ID_NOT_FOUND, as Kafka says it, when the classic group may not be taken over */
export function checkUpgrade({ settings }: ConsumerContext, group: ClassicGroup): void {
  const { migrationPolicy, maxSize } = settings.consumer
  if (migrationPolicy !== 'upgrade' && migrationPolicy !== 'bidirectional') {
    throw cannotUpgrade(group, 'online upgrade is disabled')
  }
  if (!group.usesConsumerProtocol) throw cannotUpgrade(group, 'the group does not use the consumer embedded protocol')
  if (group.members.size > maxSize) {
    throw cannotUpgrade(group, 'the group size exceeds the consumer group maximum size')
  }
}

function cannotUpgrade({ groupId }: ClassicGroup, reason: string): KafkaError {
  return new KafkaError(
    'GROUP_ID_NOT_FOUND',
    `Cannot upgrade classic group ${groupId} to consumer group because ${reason}.`,
  )
}

/**
 * Brings the members of the classic group into the draft: with what they have been assigned, in the epoch of their generation.
 * Changes nothing of the classic group.
 * @throws KafkaError GROUP_ID_NOT_FOUND when they don't speak the consumer protocol in a form that can be carried on
 */
export function convertToConsumerGroup(context: ConsumerContext, group: ClassicGroup, draft: GroupDraft): void {
  const epoch = group.generationId
  const protocolName = group.protocolName ?? group.selectProtocol()
  const taken = new Set<string>()
  const members: ConsumerMember[] = []
  for (const member of group.members.values()) {
    try {
      const { topics, rackId } = decodeConsumerProtocolSubscription(member.metadata(protocolName))
      members.push({
        ...newMember(member.memberId),
        instanceId: member.groupInstanceId,
        rackId: rackId === '' ? null : rackId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        subscribedTopicNames: asTopicNames(topics),
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        classic: {
          sessionTimeoutMs: member.sessionTimeoutMs,
          protocols: Array.from(member.protocols, ([name, metadata]) => ({ name, metadata })),
        },
        memberEpoch: epoch,
        previousMemberEpoch: epoch,
        assigned: assignedInClassic({ group, assignment: member.assignment, topics: context.topics, taken }),
      })
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      throw cannotUpgrade(group, 'the embedded consumer protocol is malformed')
    }
  }
  for (const member of members) {
    draft.apply({ type: 'member', memberId: member.memberId, value: subscriptionOf(member) })
  }
  draft.apply({
    type: 'groupEpoch',
    value: { epoch, metadataHash: metadataHash(draft.group.subscribedTopics, context.topics) },
  })
  for (const { memberId, assigned } of members) {
    draft.apply({ type: 'target', memberId, value: fromList(toList(assigned)) })
  }
  draft.apply({ type: 'targetEpoch', value: { epoch, timestampMs: 0 } })
  for (const member of members) draft.apply({ type: 'current', memberId: member.memberId, value: assignmentOf(member) })
  context.logger.info({ group: group.groupId, members: members.length }, 'classic group becomes a consumer group')
}

/** What a classic member was assigned, of topics that exist. A leader of its own kind may assign one partition twice: the first has it. */
function assignedInClassic(options: {
  group: ClassicGroup
  assignment: Buffer
  topics: TopicCatalog
  taken: Set<string>
}): OwnedPartitions {
  const { group, assignment, topics, taken } = options
  if (assignment.length === 0) return new Map()
  const { assignedPartitions, userData } = decodeConsumerProtocolAssignment(assignment)
  if (userData !== null && userData.length > 0) {
    throw cannotUpgrade(
      group,
      'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade',
    )
  }
  const list = assignedPartitions.flatMap(({ topic: name, partitions }) => {
    const topic = topics.byName(name)
    if (topic === undefined) return []
    const free = partitions.filter(
      partition => partition >= 0 && partition < topic.partitionCount && !taken.has(`${topic.id}/${partition}`),
    )
    for (const partition of free) taken.add(`${topic.id}/${partition}`)
    return { topicId: topic.id, partitions: free }
  })
  return ownedSince(fromList(list), group.generationId)
}

/** Members of a classic group that was taken over: those who wait are told to join again, and all sessions go on. */
export function startUpgraded(group: ConsumerGroup, classic: ClassicGroup): void {
  cancelPhaseDeadline(classic)
  for (const memberId of [...classic.pendingMembers.keys()]) classic.removePending(memberId)
  for (const member of classic.members.values()) {
    member.answerJoin({ error: 'REBALANCE_IN_PROGRESS', memberId: member.memberId })
    member.answerSync({ error: 'REBALANCE_IN_PROGRESS' })
    member.setSession(null)
    if (group.members.has(member.memberId)) group.deadlines?.set(member.memberId, 'session', member.sessionTimeoutMs)
  }
}

/** Whether the group becomes a classic one when these members are gone (or, for a static one, replaced by a classic member). */
export function canDowngrade(
  { settings, logger }: ConsumerContext,
  group: ConsumerGroup,
  gone: ReadonlySet<string>,
  { replaced = false }: { replaced?: boolean } = {},
): boolean {
  const staying = [...group.members.values()].filter(member => !gone.has(member.memberId))
  if (staying.some(member => member.classic === null)) return false
  const size = staying.length + (replaced ? 1 : 0)
  if (size === 0) return false
  const { migrationPolicy } = settings.consumer
  if (migrationPolicy !== 'downgrade' && migrationPolicy !== 'bidirectional') {
    logger.info({ group: group.groupId }, 'consumer group stays one: online downgrade is disabled')
    return false
  }
  if (size > settings.maxSize) {
    logger.info({ group: group.groupId }, 'consumer group stays one: it is larger than group.max.size')
    return false
  }
  return true
}

export interface Downgrade {
  /** Members that do not come along. */
  readonly gone: ReadonlySet<string>
  /** The classic member that takes the place of a static one; it is not in the group yet. */
  readonly joining?: ConsumerMember
  /** Without one the generation goes on as it is: a static member came back with the same subscription. Default true. */
  readonly needsRebalance?: boolean
}

/**
 * Makes it a classic group of the members that stay, which are asked to join again.
 * @returns a promise that resolves when it is durable
 */
export function convertToClassicGroup(
  context: ConsumerContext,
  group: ConsumerGroup,
  downgrade: Downgrade,
): Promise<void> {
  const { gone, joining, needsRebalance = true } = downgrade
  const { groupId } = group
  const staying = [...group.members.values()].filter(member => !gone.has(member.memberId))
  if (joining !== undefined) staying.push(joining)
  // As Apache Kafka stores them: what each one was to get, whatever of it others had not given up yet.
  const members = staying.map(member => {
    const partitions = member === joining ? member.assigned : group.target(member.memberId)
    return classicMember(member, classicAssignment(member, partitions, context.topics))
  })
  const stored: StoredGroup = {
    generationId: group.epoch,
    protocolType: 'consumer',
    protocolName: null,
    leaderId: members[0]?.memberId ?? null,
    stateTimestampMs: context.clock.now(),
    members,
  }
  const protocolName = new ClassicGroup({
    groupId,
    nowMs: () => context.clock.now(),
    restored: stored,
  }).selectProtocol()
  const records: GroupRecord[] = group.tombstones().map(change => ({ kind: 'consumer', groupId, change }))
  records.push({ kind: 'group', groupId, value: { ...stored, protocolName } })
  const durable = context.change(groupId, records)
  group.deadlines?.cancelAll()
  context.logger.info({ group: groupId, members: members.length }, 'consumer group becomes a classic group')
  const classic = context.find(groupId)
  assert(classic instanceof ClassicGroup, `group ${groupId} is not a classic one after its downgrade`)
  startSessions(context, classic)
  if (needsRebalance) prepareRebalance(context, classic, 'the last member of the consumer protocol is gone')
  return durable
}

function classicMember(member: ConsumerMember, assignment: Buffer): MemberOptions {
  const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, classic } = member
  assert(classic !== null, `${memberId} does not speak the classic protocol`)
  return {
    memberId,
    groupInstanceId: instanceId,
    clientId,
    clientHost,
    protocolType: 'consumer',
    protocols: new Map(classic.protocols.map(({ name, metadata }) => [name, metadata])),
    sessionTimeoutMs: classic.sessionTimeoutMs,
    rebalanceTimeoutMs,
    assignment,
  }
}

/** What a classic member is told to read, in the version of the consumer protocol that it speaks. */
export function classicAssignment(
  { classic, memberId }: ConsumerMember,
  partitions: PartitionSet | OwnedPartitions,
  topics: TopicCatalog,
): Buffer {
  const metadata = classic?.protocols[0]?.metadata
  assert(metadata !== undefined && metadata.length >= 2, `${memberId} does not speak the classic protocol`)
  const assignedPartitions = toList(partitions).flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId)
    return topic === undefined ? [] : { topic: topic.name, partitions }
  })
  const version = Math.min(Math.max(metadata.readInt16BE(0), 0), 3)
  return encodeConsumerProtocolAssignment({ assignedPartitions, userData: null }, version)
}
