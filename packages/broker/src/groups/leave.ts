/** LeaveGroup on a classic group: members that go by themselves, or static ones that an administrator takes out. */

import { KafkaError } from '@ottla/protocol'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupContext } from './group-context.ts'
import { completeJoinIfAllJoined, prepareRebalance, removeMember } from './rebalance.ts'
import type { LeaveResult, LeavingMember } from './results.ts'

/** Every member is answered for itself; one rebalance follows for all that left. */
export function leaveGroup(
  context: GroupContext,
  group: ClassicGroup,
  leaving: readonly LeavingMember[],
): LeaveResult[] {
  const results = leaving.map(member => leave(context, group, member))
  const hasLeft = results.some(result => result.error === 'NONE')
  if (hasLeft && (group.state === 'Stable' || group.state === 'CompletingRebalance')) {
    prepareRebalance(context, group, 'members left the group')
  } else if (hasLeft) {
    completeJoinIfAllJoined(context, group)
  }
  return results
}

function leave(context: GroupContext, group: ClassicGroup, leaving: LeavingMember): LeaveResult {
  const { memberId, groupInstanceId } = leaving
  try {
    if (!group.removePending(memberId)) {
      // Without a member id the static identity alone decides: that is how an administrator removes one (KIP-345).
      const currentId = memberId === '' && groupInstanceId !== null ? group.staticMemberId(groupInstanceId) : memberId
      removeMember(group, group.memberOf({ memberId: currentId ?? '', groupInstanceId }))
    }
    context.logger.info({ group: group.groupId, member: memberId, reason: leaving.reason }, 'member left the group')
    return { memberId, groupInstanceId, error: 'NONE' }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { memberId, groupInstanceId, error: error.errorName }
  }
}
