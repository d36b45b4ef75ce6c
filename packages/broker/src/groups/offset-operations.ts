/**
 * Committing, deleting and expiring the offsets of a shard's groups: who may do it, and what it writes.
 * Whether topics exist is the handlers' business; here they are names.
 */

import { type ErrorName, KafkaError } from '@ottla/protocol'
import { ClassicGroup } from './classic-group.ts'
import { type CommittedOffset, isExpired } from './committed-offsets.ts'
import type { ConsumerGroup } from './consumer/consumer-group.ts'
import { assertMayCommitInConsumerGroup } from './consumer/offsets.ts'
import type { GroupRecord } from './group-records.ts'
import type { GroupShard } from './group-shard.ts'
import type { MemberIdentity } from './results.ts'

export interface TopicPartition {
  topic: string
  partition: number
}

export interface OffsetToCommit extends TopicPartition {
  topicId: string
  offset: bigint
  leaderEpoch: number
  metadata: string
}

export interface CommitRequest {
  groupId: string
  /** Generation -1 and no member id: a client outside of group membership (an administrator, or manual assignment). */
  identity: MemberIdentity
  /** What the client asks for its offsets, null for `offsets.retention.minutes`. */
  retentionMs: number | null
  /** Since OffsetCommit v9 a client knows the errors of the consumer protocol, and the one that says that a group does not exist. */
  knowsGroupIdNotFound: boolean
  offsets: readonly OffsetToCommit[]
}

/** Tombstones that are written in one batch, so that a batch stays far below the log's limit. */
const tombstonesPerBatch = 1000

/**
 * Stores the offsets.
 * @returns an error for each of the offsets, in their order, once all that are stored are durable
 * @throws KafkaError what holds for the whole request
 */
export async function commitOffsets(shard: GroupShard, request: CommitRequest): Promise<ErrorName[]> {
  const { groupId, identity, retentionMs } = request
  const group = shard.find(groupId)?.group
  if (group === undefined) assertMayCreate(request)
  else if (group instanceof ClassicGroup) assertMayCommit(group, identity)
  else assertMayCommitInConsumerGroup(group, request)
  if (group instanceof ClassicGroup && (group.state === 'Stable' || group.state === 'PreparingRebalance')) {
    // A member that commits is alive; it may be too busy with its records to send a heartbeat.
    group.members.get(identity.memberId)?.renewSession()
  }
  const commitTimestampMs = shard.context.clock.now()
  const expireTimestampMs =
    retentionMs === null ? null : Math.min(Math.max(commitTimestampMs + retentionMs, 0), Number.MAX_SAFE_INTEGER)
  const { records, results } = recordsOf(shard, { ...request, commitTimestampMs, expireTimestampMs })
  if (records.length > 0) await shard.store(records)
  return results
}

export interface TransactionalCommitRequest {
  readonly groupId: string
  readonly producer: { readonly producerId: number; readonly producerEpoch: number }
  /** Generation -1 and no member id: a client that does not say who it is (before KIP-447, or outside of group membership). */
  readonly identity: MemberIdentity
  /** Since TxnOffsetCommit v6 a client knows GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH. */
  readonly knowsGroupErrors: boolean
  readonly offsets: readonly OffsetToCommit[]
}

/**
 * Stores the offsets as part of the producer's transaction, appending before this returns: they count once that is committed.
 * @returns an error for each of the offsets, in their order, once all that are stored are durable
 * @throws KafkaError what holds for the whole request
 */
export async function commitOffsetsInTransaction(
  shard: GroupShard,
  request: TransactionalCommitRequest,
): Promise<ErrorName[]> {
  const { groupId, identity, offsets, producer, knowsGroupErrors } = request
  const group = shard.find(groupId)?.group
  if (group === undefined) assertMayCreate({ groupId, identity, knowsGroupIdNotFound: knowsGroupErrors })
  else if (group instanceof ClassicGroup) assertMayCommitInTransaction(group, identity)
  else assertMayCommitInTransactionOfConsumerGroup(group, request)
  const { records, results } = recordsOf(shard, {
    ...{ groupId, offsets, commitTimestampMs: shard.context.clock.now(), expireTimestampMs: null },
  })
  if (records.length > 0) await shard.store(records, producer)
  return results
}

/** What is to be stored, and an error for each offset. */
function recordsOf(
  { context: { settings } }: GroupShard,
  commit: {
    groupId: string
    offsets: readonly OffsetToCommit[]
    commitTimestampMs: number
    expireTimestampMs: number | null
  },
): { records: GroupRecord[]; results: ErrorName[] } {
  const { groupId, commitTimestampMs, expireTimestampMs } = commit
  const records: GroupRecord[] = []
  const results = commit.offsets.map(({ topic, partition, ...offset }): ErrorName => {
    if (offset.metadata.length > settings.offsetMetadataMaxBytes) return 'OFFSET_METADATA_TOO_LARGE'
    const value: CommittedOffset = { ...offset, commitTimestampMs, expireTimestampMs }
    records.push({ kind: 'offset', groupId, topic, partition, value })
    return 'NONE'
  })
  return { records, results }
}

/**
 * Deletes offsets that are there; of topics that the group reads, none.
 * @returns an error for each, in their order, once the deletions are durable
 * @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP (a group with members of which we don't know what they read)
 */
export async function deleteOffsets(
  shard: GroupShard,
  { groupId, offsets }: { groupId: string; offsets: readonly TopicPartition[] },
): Promise<ErrorName[]> {
  const entry = shard.find(groupId)
  if (entry === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
  const { group } = entry
  if (group instanceof ClassicGroup && group.state !== 'Empty' && !group.usesConsumerProtocol) {
    throw new KafkaError('NON_EMPTY_GROUP')
  }
  const records: GroupRecord[] = []
  const results = offsets.map(({ topic, partition }): ErrorName => {
    if (group.isSubscribedTo(topic)) return 'GROUP_SUBSCRIBED_TO_TOPIC'
    if (entry.offsets.get(topic, partition) !== undefined || entry.offsets.isPending(topic, partition)) {
      records.push({ kind: 'offset', groupId, topic, partition, value: null })
    }
    return 'NONE'
  })
  if (records.length > 0) await shard.store(records)
  return results
}

/**
 * Drops the offsets of a topic that was deleted, in all groups: one of the same name that is created later starts afresh. Everything is
 * appended before this returns, so that it comes before whatever is committed for that one.
 */
export async function forgetTopic(shard: GroupShard, topic: string): Promise<void> {
  const groupIds = [...shard.entries.keys()]
  await Promise.all(groupIds.map(groupId => storeTombstones(shard, groupId, of => of.topic === topic)))
}

/** Drops what is past its retention, then groups that have neither members nor offsets left. */
export async function expireOffsets(shard: GroupShard): Promise<void> {
  const { clock, settings } = shard.context
  const { offsetsRetentionMs: retentionMs } = settings
  for (const [groupId, { group, offsets }] of [...shard.entries]) {
    // A commit that is being written right now may renew what looks expired: this group's turn comes next time.
    if (shard.isStoring(groupId)) continue
    const nowMs = clock.now()
    await storeTombstones(shard, groupId, of => {
      // What a transaction is about to commit anew is in use.
      return !offsets.isPending(of.topic, of.partition) && isExpired({ group, ...of, nowMs, retentionMs })
    })
    // Meanwhile it may have become a group of the other protocol.
    if (shard.entries.get(groupId)?.group !== group) continue
    const isAwaited = group instanceof ClassicGroup && group.pendingMembers.size > 0
    if (group.state === 'Empty' && !isAwaited && offsets.isEmpty && !shard.isStoring(groupId)) {
      await shard.expireGroup(group)
    }
  }
}

/** Selects and appends in one go, so that nothing that is committed meanwhile is hit; resolves when it is durable. */
async function storeTombstones(
  shard: GroupShard,
  groupId: string,
  select: (of: { topic: string; partition: number; offset: CommittedOffset }) => boolean,
): Promise<void> {
  const records: GroupRecord[] = []
  const offsets = shard.find(groupId)?.offsets
  for (const { topic, partition, offset } of [...(offsets?.all() ?? []), ...(offsets?.pending() ?? [])]) {
    if (select({ topic, partition, offset })) records.push({ kind: 'offset', groupId, topic, partition, value: null })
  }
  const stored: Promise<void>[] = []
  for (let i = 0; i < records.length; i += tombstonesPerBatch) {
    stored.push(shard.store(records.slice(i, i + tombstonesPerBatch)))
  }
  await Promise.all(stored)
}

/** A client that does not say who it is, is trusted: its transaction fences it. */
function assertMayCommitInTransaction(group: ClassicGroup, identity: MemberIdentity): void {
  const { memberId, groupInstanceId, generationId } = identity
  if (generationId < 0 && (group.state === 'Empty' || (memberId === '' && groupInstanceId === null))) return
  assertIsMember(group, identity)
}

function assertIsMember(group: ClassicGroup, identity: MemberIdentity): void {
  group.memberOf(identity)
  if (identity.generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION')
}

function assertMayCommitInTransactionOfConsumerGroup(group: ConsumerGroup, request: TransactionalCommitRequest): void {
  const { identity, offsets, knowsGroupErrors } = request
  if (identity.generationId < 0 && identity.memberId === '') return
  try {
    assertMayCommitInConsumerGroup(group, { identity, offsets, knowsGroupIdNotFound: true })
  } catch (error) {
    if (!(error instanceof KafkaError) || error.errorName !== 'STALE_MEMBER_EPOCH' || knowsGroupErrors) throw error
    throw new KafkaError('ILLEGAL_GENERATION', error.message)
  }
}

function assertMayCreate({
  identity,
  knowsGroupIdNotFound,
  groupId,
}: Pick<CommitRequest, 'identity' | 'knowsGroupIdNotFound' | 'groupId'>): void {
  if (identity.generationId < 0) return
  if (knowsGroupIdNotFound) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
  throw new KafkaError('ILLEGAL_GENERATION')
}

function assertMayCommit(group: ClassicGroup, identity: MemberIdentity): void {
  const { memberId, groupInstanceId, generationId } = identity
  if (generationId < 0 && group.state === 'Empty') return
  // Offsets of a group that has members are theirs alone.
  if (generationId < 0 && memberId === '' && groupInstanceId === null) throw new KafkaError('UNKNOWN_MEMBER_ID')
  assertIsMember(group, identity)
  // The member knows of the new generation but not yet what it is to read in it.
  if (group.state === 'CompletingRebalance') throw new KafkaError('REBALANCE_IN_PROGRESS')
}
