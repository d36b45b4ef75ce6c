/**
 * KIP-345: a static member that restarts comes back without a member id. It takes the place of its former self, which is
 * fenced at once, and as long as the group's protocol stays the same nobody else notices: no rebalance.
 */

import type { Joining } from './join.ts'
import { Member } from './member.ts'
import {
  completeJoinIfAllJoined,
  joinedResult,
  prepareRebalance,
  rebalanceOrCompleteJoin,
  startSession,
} from './rebalance.ts'

export interface Replacing extends Joining {
  readonly oldMemberId: string
  readonly newMemberId: string
}

export function replaceStaticMember(replacing: Replacing): void {
  const { context, group, request, caller, protocols, answer, oldMemberId, newMemberId } = replacing
  const old = group.memberOf({ memberId: oldMemberId, groupInstanceId: request.groupInstanceId })
  old.answerJoin({ error: 'FENCED_INSTANCE_ID', memberId: oldMemberId })
  old.answerSync({ error: 'FENCED_INSTANCE_ID' })
  const leaderBefore = group.leaderId
  const member = new Member({
    memberId: newMemberId,
    groupInstanceId: old.groupInstanceId,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    protocolType: old.protocolType,
    protocols,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    assignment: old.assignment,
  })
  group.replaceStatic(old, member)
  startSession(context, group, member, request.sessionTimeoutMs)
  context.logger.info({ group: group.groupId, member: newMemberId, replaces: oldMemberId }, 'static member came back')
  member.awaitJoin(answer)
  if (group.state === 'Stable' && group.selectProtocol() === group.protocolName) {
    keepGeneration(replacing, member, leaderBefore)
  } else if (group.state === 'CompletingRebalance') {
    // The leader may be assigning to the old id right now: the new one would get nothing.
    prepareRebalance(context, group, `static member ${newMemberId} came back during a rebalance`)
  } else if (group.state === 'Stable') {
    rebalanceOrCompleteJoin(context, group, `static member ${newMemberId} came back with other protocols`)
  } else {
    completeJoinIfAllJoined(context, group)
  }
}

/** The new id is answered once it is durable: a crash must not bring the fenced one back. */
function keepGeneration({ context, group, caller }: Replacing, member: Member, leaderBefore: string | null): void {
  const { generationId } = group
  const assignments = new Map(Array.from(group.members.values(), ({ memberId, assignment }) => [memberId, assignment]))
  context.storeGroup(group, assignments, error => {
    if (error) {
      // The group in memory goes on with the new id; a restart would bring back the old one, which then must join again.
      member.answerJoin({ error: error.errorName, memberId: '', generationId })
      return
    }
    // A rebalance may have begun meanwhile: then the request is part of it and answered when it ends.
    if (group.state !== 'Stable') return
    const result = joinedResult(group, member)
    if (caller.canSkipAssignment) {
      member.answerJoin({ ...result, skipAssignment: group.isLeader(member.memberId) })
    } else {
      // A client that does not know of skipping would assign anew if it believed itself the leader (KAFKA-7798): it gets
      // the leader's former id, which is never its own.
      member.answerJoin({ ...result, leader: leaderBefore ?? '', members: [] })
    }
  })
}
