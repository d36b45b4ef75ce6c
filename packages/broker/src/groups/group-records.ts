/**
 * What the coordinator remembers, as records of `__consumer_offsets` in Kafka's formats and versions: Kafka's tools read them.
 * Those of consumer groups (KIP-848) are in `consumer/consumer-records.ts`. Groups of later types decode to null here.
 */

import { consumerOffsetsRecords, MalformedMessageError, zeroUuid } from '@ottla/protocol'
import { assert } from './assert.ts'
import type { ClassicGroup, StoredGroup } from './classic-group.ts'
import type { CommittedOffset } from './committed-offsets.ts'
import { type ConsumerChange, decodeConsumerChange, encodeConsumerChange } from './consumer/consumer-records.ts'

/** One change: a value replaces what was there before, null removes it. */
export type GroupRecord =
  | { kind: 'group'; groupId: string; value: StoredGroup | null }
  | { kind: 'offset'; groupId: string; topic: string; partition: number; value: CommittedOffset | null }
  | { kind: 'consumer'; groupId: string; change: ConsumerChange }

/** The versions that Apache Kafka 4.4 writes. */
const groupVersion = 3
const offsetVersion = 4
/** The only version that has an expiration time, kept for clients that ask for a retention of their own. */
const offsetVersionWithExpiration = 1

/** The group as it is, with the assignments that its members are about to get. */
export function storedGroup(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>): StoredGroup {
  const { generationId, protocolType, protocolName, leaderId, stateTimestampMs } = group
  const members = Array.from(group.members.values(), member => {
    const assignment = assignments.get(member.memberId)
    assert(assignment !== undefined, `member ${member.memberId} is to be stored without an assignment`)
    assert(protocolName !== null, `group ${group.groupId} has members but no protocol`)
    const protocols = new Map([[protocolName, member.metadata(protocolName)]])
    const { memberId, groupInstanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = member
    return {
      ...{ memberId, groupInstanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs },
      ...{ protocolType: member.protocolType, protocols, assignment },
    }
  })
  return { generationId, protocolType, protocolName, leaderId, stateTimestampMs, members }
}

export function encodeGroupRecord(record: GroupRecord): { key: Buffer; value: Buffer | null } {
  if (record.kind === 'consumer') return encodeConsumerChange(record.groupId, record.change)
  if (record.kind === 'group') {
    const { groupId: group, value } = record
    return {
      key: consumerOffsetsRecords.encodeKey('groupMetadata', { group }),
      value: value && consumerOffsetsRecords.encodeValue('groupMetadata', groupValue(value), groupVersion),
    }
  }
  const { groupId: group, topic, partition, value } = record
  const version = value?.expireTimestampMs == null ? offsetVersion : offsetVersionWithExpiration
  return {
    key: consumerOffsetsRecords.encodeKey('offsetCommit', { group, topic, partition }),
    value: value && consumerOffsetsRecords.encodeValue('offsetCommit', offsetValue(value), version),
  }
}

/**
 * @returns null for kinds of records that this coordinator does not keep
 * @throws MalformedMessageError
 */
export function decodeGroupRecord({ key, value }: { key: Buffer | null; value: Buffer | null }): GroupRecord | null {
  if (key === null) throw new MalformedMessageError('a record of the log of groups has no key')
  const decoded = consumerOffsetsRecords.decodeKey(key)
  switch (decoded.type) {
    case 'groupMetadata':
      return { kind: 'group', groupId: decoded.key.group, value: value && decodeGroup(value) }
    case 'offsetCommit':
    case 'legacyOffsetCommit': {
      const { group: groupId, topic, partition } = decoded.key
      return { kind: 'offset', groupId, topic, partition, value: value && decodeOffset(value) }
    }
    default: {
      const ofConsumerGroup = decodeConsumerChange(decoded, value)
      return ofConsumerGroup && { kind: 'consumer', ...ofConsumerGroup }
    }
  }
}

function groupValue(group: StoredGroup) {
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs ?? -1,
    members: group.members.map(({ sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment, ...member }) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: rebalanceTimeoutMs,
      sessionTimeout: sessionTimeoutMs,
      subscription: protocols.get(group.protocolName ?? '') ?? Buffer.alloc(0),
      assignment: assignment ?? Buffer.alloc(0),
    })),
  }
}

function decodeGroup(buffer: Buffer): StoredGroup {
  const value = consumerOffsetsRecords.decodeValue('groupMetadata', buffer)
  const { protocolType, protocol: protocolName } = value
  if (protocolName === null && value.members.length > 0) {
    throw new MalformedMessageError('a stored group has members but no protocol')
  }
  return {
    generationId: value.generation,
    protocolType: protocolType === '' ? null : protocolType,
    protocolName,
    leaderId: value.leader,
    stateTimestampMs: value.currentStateTimestamp < 0n ? null : Number(value.currentStateTimestamp),
    members: value.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      protocolType,
      // Copied: a slice would keep the whole chunk of the log in memory.
      protocols: new Map([[protocolName ?? '', Buffer.from(member.subscription)]]),
      sessionTimeoutMs: member.sessionTimeout,
      rebalanceTimeoutMs: member.rebalanceTimeout < 0 ? member.sessionTimeout : member.rebalanceTimeout,
      assignment: Buffer.from(member.assignment),
    })),
  }
}

function offsetValue(offset: CommittedOffset) {
  return {
    offset: offset.offset,
    leaderEpoch: offset.leaderEpoch,
    metadata: offset.metadata,
    commitTimestamp: offset.commitTimestampMs,
    expireTimestamp: offset.expireTimestampMs ?? -1,
    topicId: offset.topicId ?? zeroUuid,
  }
}

/** The value of an offset has the same form under both kinds of keys; the version in front says which fields it has. */
function decodeOffset(buffer: Buffer): CommittedOffset {
  const value = consumerOffsetsRecords.decodeValue('offsetCommit', buffer)
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: Number(value.commitTimestamp),
    expireTimestampMs: value.expireTimestamp < 0n ? null : Number(value.expireTimestamp),
    topicId: value.topicId === zeroUuid ? null : value.topicId,
  }
}
