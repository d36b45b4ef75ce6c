/**
 * The join phase of a classic group: when it begins, when it ends, and what ends it early.
 *
 * It waits for every member and every id that was handed out, at most for the longest rebalance timeout among the members
 * (`group.initial.rebalance.delay.ms` for the first one, extended while newcomers arrive). Dynamic members that did not
 * come are thrown out; static ones stay, since they may be restarting (KIP-345), until their session ends.
 * Every request that waits is answered before its member leaves the group.
 */

import type { ErrorName } from '@ottla/protocol'
import { assert } from './assert.ts'
import type { ClassicGroup } from './classic-group.ts'
import { Deadline } from './deadline.ts'
import type { GroupContext } from './group-context.ts'
import { emptyAssignment, type Member } from './member.ts'
import type { JoinResult } from './results.ts'

/** Begins a rebalance if the state allows one; while one is being prepared, ends it if nobody is missing any more. */
export function rebalanceOrCompleteJoin(context: GroupContext, group: ClassicGroup, reason: string): void {
  if (group.canRebalance) prepareRebalance(context, group, reason)
  else completeJoinIfAllJoined(context, group)
}

/** Makes every member join again. */
export function prepareRebalance(context: GroupContext, group: ClassicGroup, reason: string): void {
  if (group.state === 'CompletingRebalance') withdrawAssignments(group, 'REBALANCE_IN_PROGRESS')
  group.pendingSyncMembers.clear()
  cancelPhaseDeadline(group)
  const isFirst = group.state === 'Empty'
  group.transitionTo('PreparingRebalance')
  context.logger.debug({ group: group.groupId, generation: group.generationId, reason }, 'group prepares a rebalance')
  if (isFirst) {
    group.hasNewcomer = false
    const delayMs = context.settings.initialRebalanceDelayMs
    delayFirstGeneration(context, group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0))
  } else if (group.allMembersJoined) {
    completeJoin(context, group)
  } else {
    startPhaseDeadline(context, group, group.rebalanceTimeoutMs, () => completeJoin(context, group))
  }
}

/** Ends the join phase when nobody is missing. The first one ends by its delay only, so that a group that starts up gathers. */
export function completeJoinIfAllJoined(context: GroupContext, group: ClassicGroup): void {
  if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return
  if (group.allMembersJoined) completeJoin(context, group)
}

/** The member's session starts, or starts again as that of a replaced id. */
export function startSession(context: GroupContext, group: ClassicGroup, member: Member, timeoutMs: number): void {
  member.setSession(new Deadline({ timers: context.timers, onExpired: () => expireMember(context, group, member) }))
  member.renewSession(timeoutMs)
}

/** The sessions of a group that was restored from the log: its members were silent only because we were away. */
export function startSessions(context: GroupContext, group: ClassicGroup): void {
  for (const member of group.members.values()) startSession(context, group, member, member.sessionTimeoutMs)
}

/** Takes a member out of the group; whatever it waits for is answered first. The rebalance that follows is the caller's. */
export function removeMember(group: ClassicGroup, member: Member): void {
  member.answerJoin({ error: 'UNKNOWN_MEMBER_ID', memberId: '' })
  member.answerSync({ error: 'UNKNOWN_MEMBER_ID' })
  group.remove(member)
}

/** What the group does once a member is gone. */
export function afterRemoval(context: GroupContext, group: ClassicGroup, reason: string): void {
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') prepareRebalance(context, group, reason)
  else if (group.state === 'PreparingRebalance' && group.allMembersJoined) completeJoin(context, group)
}

/** An id that was handed out and never came back. */
export function expirePendingMember(context: GroupContext, group: ClassicGroup, memberId: string): void {
  if (!group.removePending(memberId)) return
  context.logger.info(
    { group: group.groupId, member: memberId },
    'pending member did not come back in its session time',
  )
  completeJoinIfAllJoined(context, group)
}

/** What a member learns when it has joined the current generation. Only the leader learns of the others: it assigns. */
export function joinedResult(group: ClassicGroup, member: Member): JoinResult {
  const { protocolName, leaderId } = group
  assert(protocolName !== null && leaderId !== null, `group ${group.groupId} has no generation to join`)
  return {
    error: 'NONE',
    memberId: member.memberId,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName,
    leader: leaderId,
    members: group.isLeader(member.memberId)
      ? Array.from(group.members.values(), ({ memberId, groupInstanceId, protocols }) => ({
          memberId,
          groupInstanceId,
          metadata: protocols.get(protocolName) ?? emptyAssignment,
        }))
      : [],
  }
}

/** Takes back what was assigned and answers those who wait for it. The group must be completing a rebalance. */
export function withdrawAssignments(group: ClassicGroup, error: ErrorName): void {
  assert(group.state === 'CompletingRebalance', `group ${group.groupId} withdraws assignments while ${group.state}`)
  for (const member of group.members.values()) {
    member.assignment = emptyAssignment
    // The time spent waiting for the leader was not the member's: its session begins again.
    if (member.answerSync({ error })) member.renewSession()
  }
}

export function startPhaseDeadline(
  context: GroupContext,
  group: ClassicGroup,
  timeoutMs: number,
  end: () => void,
): void {
  cancelPhaseDeadline(group)
  group.phaseDeadline = new Deadline({ timers: context.timers, onExpired: end })
  group.phaseDeadline.renew(timeoutMs)
}

export function cancelPhaseDeadline(group: ClassicGroup): void {
  group.phaseDeadline?.cancel()
  group.phaseDeadline = null
}

function delayFirstGeneration(context: GroupContext, group: ClassicGroup, delayMs: number, remainingMs: number): void {
  if (delayMs === 0) {
    completeJoin(context, group)
    return
  }
  startPhaseDeadline(context, group, delayMs, () => {
    const nextDelayMs = group.hasNewcomer ? Math.min(context.settings.initialRebalanceDelayMs, remainingMs) : 0
    group.hasNewcomer = false
    delayFirstGeneration(context, group, nextDelayMs, Math.max(remainingMs - nextDelayMs, 0))
  })
}

function completeJoin(context: GroupContext, group: ClassicGroup): void {
  cancelPhaseDeadline(group)
  const late = Array.from(group.members.values()).filter(member => !member.isAwaitingJoin && !member.isStatic)
  for (const member of late) removeMember(group, member)
  if (late.length > 0) {
    const members = late.map(member => member.memberId)
    context.logger.info({ group: group.groupId, members }, 'members that did not join in time are out of the group')
  }
  if (group.members.size > 0 && !group.electJoinedLeader()) {
    // Only static members are left and none came. Their sessions decide.
    startPhaseDeadline(context, group, group.rebalanceTimeoutMs, () => completeJoin(context, group))
    return
  }
  group.beginGeneration()
  const { groupId, generationId } = group
  if (group.members.size === 0) {
    context.logger.info({ group: groupId, generation: generationId }, 'group is empty')
    context.storeGroup(group, new Map(), error => {
      // The generation before comes back if we crash now, finds no member alive, and ends the same way.
      if (error) context.logger.warn({ group: groupId, err: error }, 'that the group is empty could not be stored')
    })
    return
  }
  context.logger.info(
    { group: groupId, generation: generationId, members: group.members.size },
    'group has a new generation',
  )
  for (const member of group.members.values()) group.pendingSyncMembers.add(member.memberId)
  startPhaseDeadline(context, group, group.rebalanceTimeoutMs, () => expirePendingSync(context, group))
  for (const member of group.members.values()) {
    member.isNew = false
    member.renewSession()
    member.answerJoin(joinedResult(group, member))
  }
}

/** Members that joined a generation but never asked for their assignment hold up the others: out with them (KAFKA-13435). */
function expirePendingSync(context: GroupContext, group: ClassicGroup): void {
  const silent = [...group.pendingSyncMembers]
  assert(silent.length > 0, `group ${group.groupId} waits for syncs although all have come`)
  for (const memberId of silent) {
    const member = group.members.get(memberId)
    assert(member !== undefined, `${memberId} is pending but not in group ${group.groupId}`)
    removeMember(group, member)
  }
  context.logger.info(
    { group: group.groupId, members: silent },
    'members that did not sync in time are out of the group',
  )
  prepareRebalance(context, group, 'members did not sync in time')
}

function expireMember(context: GroupContext, group: ClassicGroup, member: Member): void {
  // Who waits for us can't send heartbeats and is alive as far as we know. A member that never had a generation may be gone for
  // good, though: its request is bounded by its session.
  if (!member.isNew && (member.isAwaitingJoin || member.isAwaitingSync)) {
    member.renewSession()
    return
  }
  context.logger.info({ group: group.groupId, member: member.memberId }, 'session of a member has ended')
  removeMember(group, member)
  afterRemoval(context, group, 'session of a member has ended')
}
