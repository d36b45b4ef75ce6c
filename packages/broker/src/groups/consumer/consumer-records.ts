/**
 * What is remembered of a consumer group, as records of `__consumer_offsets` in Kafka's formats: one kind of record for each thing that
 * changes alone, so that a heartbeat which changes one member writes little. Kafka's tools read them.
 */

import { type CoordinatorKey, consumerOffsetsRecords, MalformedMessageError } from '@ottla/protocol'
import {
  type CurrentAssignment,
  type MemberSubscription,
  type ReconciliationState,
  reconciliationStates,
} from './consumer-member.ts'
import { fromList, type OwnedPartitions, type PartitionSet, toList } from './partitions.ts'

export interface GroupEpoch {
  readonly epoch: number
  /** Of the topics that the group reads; see `metadataHash`. */
  readonly metadataHash: bigint
}

export interface TargetEpoch {
  readonly epoch: number
  /** When the target was computed (wall clock, ms); 0 when nothing holds up the next one. */
  readonly timestampMs: number
}

export interface ResolvedExpression {
  /** Sorted. */
  readonly topics: readonly string[]
  /** Of the topic catalog. */
  readonly version: number
  readonly timestampMs: number
}

/** One change: a value replaces what was there before, null removes it. */
export type ConsumerChange =
  | { readonly type: 'groupEpoch'; readonly value: GroupEpoch | null }
  | { readonly type: 'member'; readonly memberId: string; readonly value: MemberSubscription | null }
  | { readonly type: 'targetEpoch'; readonly value: TargetEpoch | null }
  | { readonly type: 'target'; readonly memberId: string; readonly value: PartitionSet | null }
  | { readonly type: 'current'; readonly memberId: string; readonly value: CurrentAssignment | null }
  | { readonly type: 'expression'; readonly expression: string; readonly value: ResolvedExpression | null }
  /** Written by Kafka before 4.1, where a group kept its topics' metadata. Of no use any more, and removed when the group changes. */
  | { readonly type: 'partitionMetadata'; readonly value: 'present' | null }

/** The numbers by which Kafka stores the states of a member. */
const stateCodes: Readonly<Record<ReconciliationState, number>> = {
  Stable: 0,
  UnrevokedPartitions: 1,
  UnreleasedPartitions: 2,
}

const version = 0

export function encodeConsumerChange(groupId: string, change: ConsumerChange): { key: Buffer; value: Buffer | null } {
  const { encodeKey, encodeValue } = bound
  switch (change.type) {
    case 'groupEpoch':
      return {
        key: encodeKey('consumerGroupMetadata', { groupId }),
        value: change.value && encodeValue('consumerGroupMetadata', change.value, version),
      }
    case 'member': {
      const { memberId, value } = change
      return {
        key: encodeKey('consumerGroupMemberMetadata', { groupId, memberId }),
        value: value && encodeValue('consumerGroupMemberMetadata', memberValue(value), version),
      }
    }
    case 'targetEpoch': {
      const { value } = change
      return {
        key: encodeKey('consumerGroupTargetAssignmentMetadata', { groupId }),
        value:
          value &&
          encodeValue(
            'consumerGroupTargetAssignmentMetadata',
            { assignmentEpoch: value.epoch, assignmentTimestamp: value.timestampMs },
            version,
          ),
      }
    }
    case 'target': {
      const { memberId, value } = change
      return {
        key: encodeKey('consumerGroupTargetAssignmentMember', { groupId, memberId }),
        value: value && encodeValue('consumerGroupTargetAssignmentMember', { topicPartitions: toList(value) }, version),
      }
    }
    case 'current': {
      const { memberId, value } = change
      return {
        key: encodeKey('consumerGroupCurrentMemberAssignment', { groupId, memberId }),
        value: value && encodeValue('consumerGroupCurrentMemberAssignment', currentValue(value), version),
      }
    }
    case 'expression': {
      const { expression, value } = change
      return {
        key: encodeKey('consumerGroupRegularExpression', { groupId, regularExpression: expression }),
        value:
          value &&
          encodeValue(
            'consumerGroupRegularExpression',
            { topics: [...value.topics], version: value.version, timestamp: value.timestampMs },
            version,
          ),
      }
    }
    case 'partitionMetadata':
      return { key: encodeKey('consumerGroupPartitionMetadata', { groupId }), value: null }
  }
}

const bound = {
  encodeKey: consumerOffsetsRecords.encodeKey.bind(consumerOffsetsRecords),
  encodeValue: consumerOffsetsRecords.encodeValue.bind(consumerOffsetsRecords),
}

type Key = CoordinatorKey<(typeof consumerOffsetsRecords)['types']>

/**
 * @returns null when the record is not of a consumer group
 * @throws MalformedMessageError
 */
export function decodeConsumerChange(
  decoded: Key,
  value: Buffer | null,
): { groupId: string; change: ConsumerChange } | null {
  switch (decoded.type) {
    case 'consumerGroupMetadata':
      return { groupId: decoded.key.groupId, change: { type: 'groupEpoch', value: value && decodeGroupEpoch(value) } }
    case 'consumerGroupPartitionMetadata':
      return {
        groupId: decoded.key.groupId,
        change: { type: 'partitionMetadata', value: value === null ? null : 'present' },
      }
    case 'consumerGroupMemberMetadata': {
      const { groupId, memberId } = decoded.key
      return { groupId, change: { type: 'member', memberId, value: value && decodeMember(value) } }
    }
    case 'consumerGroupTargetAssignmentMetadata':
      return { groupId: decoded.key.groupId, change: { type: 'targetEpoch', value: value && decodeTargetEpoch(value) } }
    case 'consumerGroupTargetAssignmentMember': {
      const { groupId, memberId } = decoded.key
      return { groupId, change: { type: 'target', memberId, value: value && decodeTarget(value) } }
    }
    case 'consumerGroupCurrentMemberAssignment': {
      const { groupId, memberId } = decoded.key
      return { groupId, change: { type: 'current', memberId, value: value && decodeCurrent(value) } }
    }
    case 'consumerGroupRegularExpression': {
      const { groupId, regularExpression: expression } = decoded.key
      return { groupId, change: { type: 'expression', expression, value: value && decodeExpression(value) } }
    }
    default:
      return null
  }
}

function decodeGroupEpoch(buffer: Buffer): GroupEpoch {
  return consumerOffsetsRecords.decodeValue('consumerGroupMetadata', buffer)
}

function decodeTargetEpoch(buffer: Buffer): TargetEpoch {
  const value = consumerOffsetsRecords.decodeValue('consumerGroupTargetAssignmentMetadata', buffer)
  return { epoch: value.assignmentEpoch, timestampMs: Number(value.assignmentTimestamp) }
}

function decodeTarget(buffer: Buffer): PartitionSet {
  return fromList(consumerOffsetsRecords.decodeValue('consumerGroupTargetAssignmentMember', buffer).topicPartitions)
}

function decodeExpression(buffer: Buffer): ResolvedExpression {
  const value = consumerOffsetsRecords.decodeValue('consumerGroupRegularExpression', buffer)
  return { topics: value.topics, version: Number(value.version), timestampMs: Number(value.timestamp) }
}

function memberValue(member: MemberSubscription) {
  const { classic, subscribedTopicNames, ...rest } = member
  return {
    ...rest,
    subscribedTopicNames: [...subscribedTopicNames],
    classicMemberMetadata: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      supportedProtocols: classic.protocols.map(({ name, metadata }) => ({ name, metadata })),
    },
  }
}

function decodeMember(buffer: Buffer): MemberSubscription {
  const value = consumerOffsetsRecords.decodeValue('consumerGroupMemberMetadata', buffer)
  const { classicMemberMetadata: classic, ...member } = value
  return {
    ...member,
    classic: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      // Copied: a slice would keep the whole chunk of the log in memory.
      protocols: classic.supportedProtocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    },
  }
}

function currentValue(current: CurrentAssignment) {
  return {
    memberEpoch: current.memberEpoch,
    previousMemberEpoch: current.previousMemberEpoch,
    state: stateCodes[current.state],
    assignedPartitions: ownedValue(current.assigned),
    partitionsPendingRevocation: ownedValue(current.pendingRevocation),
  }
}

function ownedValue(owned: OwnedPartitions) {
  return toList(owned).map(({ topicId, partitions }) => ({
    topicId,
    partitions,
    assignmentEpochs: partitions.map(partition => owned.get(topicId)?.get(partition) ?? 0),
  }))
}

function decodeCurrent(buffer: Buffer): CurrentAssignment {
  const value = consumerOffsetsRecords.decodeValue('consumerGroupCurrentMemberAssignment', buffer)
  const state = reconciliationStates.find(name => stateCodes[name] === value.state)
  if (state === undefined) throw new MalformedMessageError(`a member of a group is in the unknown state ${value.state}`)
  return {
    memberEpoch: value.memberEpoch,
    previousMemberEpoch: value.previousMemberEpoch,
    state,
    assigned: decodeOwned(value.assignedPartitions, value.memberEpoch),
    pendingRevocation: decodeOwned(value.partitionsPendingRevocation, value.memberEpoch),
  }
}

interface StoredOwned {
  readonly topicId: string
  readonly partitions: readonly number[]
  readonly assignmentEpochs: readonly number[] | null
}

/** Records from before KIP-1251 have no epochs: the member's own is the strictest that is right. */
function decodeOwned(list: readonly StoredOwned[], memberEpoch: number): OwnedPartitions {
  const owned = new Map<string, Map<number, number>>()
  for (const { topicId, partitions, assignmentEpochs } of list) {
    if (partitions.length === 0) continue
    owned.set(topicId, new Map(partitions.map((partition, i) => [partition, assignmentEpochs?.[i] ?? memberEpoch])))
  }
  return owned
}
