/** JoinGroup on a classic group: who may enter, under which id, and whether that makes the others join again. */

import { KafkaError } from '@ottla/protocol'
import { assert } from './assert.ts'
import type { ClassicGroup } from './classic-group.ts'
import { Deadline } from './deadline.ts'
import type { GroupContext } from './group-context.ts'
import { Member, type MemberProtocols } from './member.ts'
import {
  completeJoinIfAllJoined,
  expirePendingMember,
  joinedResult,
  rebalanceOrCompleteJoin,
  removeMember,
  startSession,
} from './rebalance.ts'
import type { JoinAnswer, JoinCaller, JoinRequest } from './results.ts'
import { replaceStaticMember } from './static-membership.ts'

/**
 * A new member's JoinGroup waits at most this long. It can't send heartbeats before it knows its id, and a client that
 * gave up and retries would otherwise leave a dead member behind with each try.
 */
const newMemberJoinTimeoutMs = 5 * 60_000

/** One JoinGroup request on its way through the group. */
export interface Joining {
  readonly context: GroupContext
  readonly group: ClassicGroup
  readonly request: JoinRequest
  readonly caller: JoinCaller
  /** The request's protocols by name, copied out of the request's buffer. */
  readonly protocols: MemberProtocols
  readonly answer: JoinAnswer
}

/**
 * @param answer called exactly once, now or when the join phase ends
 * @throws KafkaError what the member is told instead
 */
export function joinGroup(options: Omit<Joining, 'protocols'>): void {
  const { group, request, context } = options
  const joining: Joining = { ...options, protocols: protocolsOf(request) }
  const { memberId } = request
  if (!hasRoom(context, group, request)) {
    turnAway(joining)
    throw new KafkaError('GROUP_MAX_SIZE_REACHED')
  }
  if (!group.supports(request.protocolType, joining.protocols)) throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL')
  if (memberId === '') joinAsNew(joining)
  else if (request.groupInstanceId === null && group.pendingMembers.has(memberId)) addMember(joining, memberId)
  else rejoin(joining)
}

function joinAsNew(joining: Joining): void {
  const { context, group, request, caller, answer } = joining
  if (request.groupInstanceId !== null) {
    const memberId = `${request.groupInstanceId}-${context.randomUuid()}`
    const current = group.staticMemberId(request.groupInstanceId)
    if (current === undefined) addMember(joining, memberId)
    else replaceStaticMember({ ...joining, oldMemberId: current, newMemberId: memberId })
    return
  }
  const memberId = `${caller.clientId}-${context.randomUuid()}`
  if (!caller.requiresKnownMemberId) {
    addMember(joining, memberId)
    return
  }
  const deadline = new Deadline({
    timers: context.timers,
    onExpired: () => expirePendingMember(context, group, memberId),
  })
  deadline.renew(request.sessionTimeoutMs)
  group.pendingMembers.set(memberId, deadline)
  answer({ error: 'MEMBER_ID_REQUIRED', memberId })
}

function addMember({ context, group, request, caller, protocols, answer }: Joining, memberId: string): void {
  const member = new Member({
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    protocolType: request.protocolType,
    protocols,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
  })
  member.isNew = true
  group.add(member)
  group.hasNewcomer = true
  startSession(context, group, member, newMemberJoinTimeoutMs)
  member.awaitJoin(answer)
  rebalanceOrCompleteJoin(context, group, `member ${memberId} joins: ${request.reason ?? 'no reason given'}`)
}

function rejoin(joining: Joining): void {
  const { context, group, request, protocols, answer } = joining
  const member = group.memberOf(request)
  assert(group.state !== 'Empty' && group.state !== 'Dead', `group ${group.groupId} is ${group.state} but has members`)
  if (belongsAlready(group, member, protocols)) {
    answer(joinedResult(group, member))
    return
  }
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request
  group.update(member, { protocols, sessionTimeoutMs, rebalanceTimeoutMs })
  member.awaitJoin(answer)
  rebalanceOrCompleteJoin(
    context,
    group,
    `member ${member.memberId} joins again: ${request.reason ?? 'no reason given'}`,
  )
}

/** A member whose subscription is the same belongs to the generation that there is, unless it wants the work assigned anew. */
function belongsAlready(group: ClassicGroup, member: Member, protocols: MemberProtocols): boolean {
  if (!member.hasSameProtocols(protocols)) return false
  // It did not get its answer the first time.
  if (group.state === 'CompletingRebalance') return true
  // A leader joins again because something else has changed, for instance a topic has more partitions.
  return group.state === 'Stable' && !group.isLeader(member.memberId)
}

/**
 * While members are joining, those who have joined count, so that the last to come are the ones too many;
 * once the generation has begun, its members count.
 */
function hasRoom({ settings }: GroupContext, group: ClassicGroup, { memberId, groupInstanceId }: JoinRequest): boolean {
  // A static member that comes back without an id takes the place of its former self.
  const formerId = groupInstanceId === null ? undefined : group.staticMemberId(groupInstanceId)
  const member = group.members.get(memberId) ?? group.members.get(formerId ?? '')
  switch (group.state) {
    case 'PreparingRebalance':
      return member?.isAwaitingJoin || group.awaitingJoinCount < settings.maxSize
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < settings.maxSize
    default:
      return true
  }
}

/** Whoever finds the group full is not waited for any longer. */
function turnAway({ context, group, request }: Joining): void {
  const member = group.members.get(request.memberId)
  if (member !== undefined) removeMember(group, member)
  else group.removePending(request.memberId)
  completeJoinIfAllJoined(context, group)
}

/** The bytes are copied: a slice would keep the whole network frame in memory for as long as the member lives. */
function protocolsOf(request: JoinRequest): MemberProtocols {
  const protocols = new Map<string, Buffer>()
  for (const { name, metadata } of request.protocols) {
    if (!protocols.has(name)) protocols.set(name, Buffer.from(metadata))
  }
  return protocols
}
