/**
 * SyncGroup and Heartbeat on a classic group. The leader's SyncGroup brings everybody's assignment; it is stored first,
 * and only when it is durable does the group become Stable and everyone who waits get his part.
 */

import { KafkaError } from '@ottla/protocol'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupContext } from './group-context.ts'
import { emptyAssignment, type Member } from './member.ts'
import { cancelPhaseDeadline, prepareRebalance, withdrawAssignments } from './rebalance.ts'
import type { MemberIdentity, SyncAnswer, SyncRequest, SyncResult } from './results.ts'

/**
 * @param answer called exactly once, now or when the assignment is durable
 * @throws KafkaError what the member is told instead
 */
export function syncGroup(context: GroupContext, group: ClassicGroup, request: SyncRequest, answer: SyncAnswer): void {
  const member = group.memberOf(request)
  if (request.generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION')
  if (differs(request.protocolType, group.protocolType) || differs(request.protocolName, group.protocolName)) {
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL')
  }
  if (group.state === 'PreparingRebalance') throw new KafkaError('REBALANCE_IN_PROGRESS')
  group.pendingSyncMembers.delete(member.memberId)
  if (group.pendingSyncMembers.size === 0) cancelPhaseDeadline(group)
  if (group.state === 'Stable') {
    answer(assignedResult(group, member))
    return
  }
  member.awaitSync(answer)
  if (group.isLeader(member.memberId)) assign(context, group, request)
}

/**
 * Renews the member's session.
 * @throws KafkaError REBALANCE_IN_PROGRESS as the signal to join again, or what is wrong with the member
 */
export function heartbeat(group: ClassicGroup, identity: MemberIdentity): void {
  const member = group.memberOf(identity)
  if (identity.generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION')
  member.renewSession()
  if (group.state === 'PreparingRebalance') throw new KafkaError('REBALANCE_IN_PROGRESS')
}

function assign(context: GroupContext, group: ClassicGroup, request: SyncRequest): void {
  const { generationId } = group
  const assignments = new Map<string, Buffer>()
  for (const memberId of group.members.keys()) assignments.set(memberId, emptyAssignment)
  for (const { memberId, assignment } of request.assignments) {
    if (assignments.has(memberId)) assignments.set(memberId, Buffer.from(assignment))
  }
  context.storeGroup(group, assignments, error => {
    // A member may have joined or left while the disk was busy: then a new rebalance is on its way.
    if (group.state !== 'CompletingRebalance' || group.generationId !== generationId) return
    if (error) {
      withdrawAssignments(group, error.errorName)
      prepareRebalance(context, group, 'the assignment could not be stored')
      return
    }
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? emptyAssignment
    }
    group.transitionTo('Stable')
    for (const member of group.members.values()) {
      if (member.answerSync(assignedResult(group, member))) member.renewSession()
    }
  })
}

function assignedResult(group: ClassicGroup, member: Member): SyncResult {
  const { protocolType, protocolName } = group
  return { error: 'NONE', protocolType, protocolName, assignment: member.assignment }
}

function differs(theirs: string | null, ours: string | null): boolean {
  return theirs !== null && ours !== null && theirs !== ours
}
