/** Who may commit and fetch offsets of a consumer group. */

import { KafkaError } from '@ottla/protocol'
import type { OffsetToCommit } from '../offset-operations.ts'
import type { MemberIdentity } from '../results.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'

/**
 * A member commits in its epoch. In an earlier one it may commit what it has had since then (KIP-1251): it has not heard of the new
 * epoch yet, and nobody else had the partition meanwhile.
 * @throws KafkaError for the whole commit
 */
export function assertMayCommitInConsumerGroup(
  group: ConsumerGroup,
  commit: {
    readonly identity: MemberIdentity
    /** False for clients that don't know of member epochs. */
    readonly knowsGroupIdNotFound: boolean
    readonly offsets: readonly Pick<OffsetToCommit, 'topicId' | 'partition'>[]
  },
): void {
  const { identity, knowsGroupIdNotFound, offsets } = commit
  const { memberId, generationId: epoch } = identity
  // An administrator, or a consumer that assigns itself: as long as nobody is in the group.
  if (epoch < 0 && group.members.size === 0) return
  const member = group.member(memberId)
  if (member.classic === null && !knowsGroupIdNotFound) throw new KafkaError('UNSUPPORTED_VERSION')
  if (epoch === member.memberEpoch) return
  if (epoch > member.memberEpoch) throw stale(member, epoch)
  for (const { topicId, partition } of offsets) {
    const since = member.assigned.get(topicId)?.get(partition) ?? member.pendingRevocation.get(topicId)?.get(partition)
    if (since === undefined || epoch < since) throw stale(member, epoch)
  }
}

/**
 * Members say who they are since OffsetFetch v9; administrators send null.
 * @throws KafkaError UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, ILLEGAL_GENERATION
 */
export function assertMayFetch(group: ConsumerGroup, memberId: string | null, memberEpoch: number): void {
  if (memberId === null && memberEpoch < 0) return
  const member = group.member(memberId ?? '')
  if (memberEpoch !== member.memberEpoch) throw stale(member, memberEpoch)
}

function stale({ classic, memberEpoch }: ConsumerMember, received: number): KafkaError {
  if (classic !== null) {
    return new KafkaError(
      'ILLEGAL_GENERATION',
      `The received generation id ${received} does not match the expected member epoch ${memberEpoch}.`,
    )
  }
  return new KafkaError(
    'STALE_MEMBER_EPOCH',
    `The received member epoch ${received} does not match the expected member epoch ${memberEpoch}.`,
  )
}
