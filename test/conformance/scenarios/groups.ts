/** Members of consumer groups, as a client's code would play them. */
import { describeGroups, joinGroup, leaveGroup, type RequestInput, type Response, syncGroup } from '@ottla/protocol'
import type { Conversation, Speaker } from '../conversation.ts'

type JoinInput = RequestInput<typeof joinGroup>
type SyncInput = RequestInput<typeof syncGroup>

/** The last version that lets a new member in at once; later ones first tell it its id (KIP-394). */
export const lastJoinAtOnce = 3

export function joinRequest(groupId: string, options: Partial<JoinInput> = {}): JoinInput {
  return {
    groupId,
    sessionTimeoutMs: 60_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
    ...options,
  }
}

/** Joins as a client does: where the broker first gives an id, asks again with it. */
export async function join(
  speaker: Speaker,
  version: number,
  groupId: string,
  options: Partial<JoinInput> = {},
): Promise<Response<typeof joinGroup>> {
  const first = await speaker.ask(joinGroup, version, joinRequest(groupId, options))
  if (first.errorCode !== 79) return first
  return speaker.ask(joinGroup, version, joinRequest(groupId, { ...options, memberId: first.memberId }))
}

export function syncRequest(
  groupId: string,
  joined: { memberId: string; generationId: number },
  assignments: SyncInput['assignments'] = [],
  options: Partial<SyncInput> = {},
): SyncInput {
  return { groupId, memberId: joined.memberId, generationId: joined.generationId, assignments, ...options }
}

/** A group with one member, which has its assignment. */
export async function loneMember(
  t: Conversation,
  {
    speaker,
    version = 9,
    groupId,
    ...options
  }: { speaker: Speaker; version?: number; groupId: string } & Partial<JoinInput>,
): Promise<{ memberId: string; generationId: number }> {
  const joined = await join(speaker, version, groupId, options)
  const assignments = [{ memberId: joined.memberId, assignment: Buffer.from('all of it') }]
  await speaker.ask(syncGroup, 4, syncRequest(groupId, joined, assignments))
  await untilState(t, groupId, 'Stable')
  return joined
}

/** Resolves when the group is in the state, and has so many members if that matters. */
export async function untilState(t: Conversation, groupId: string, state: string, members?: number): Promise<void> {
  await t.prepareUntil(
    describeGroups,
    5,
    { groups: [groupId], includeAuthorizedOperations: false },
    ({ groups: [found] }) => found?.groupState === state && (members === undefined || found.members.length === members),
  )
}

/** Empties a group without a note in the transcript. */
export async function leaveQuietly(t: Conversation, groupId: string, memberId: string): Promise<void> {
  await t.prepare(leaveGroup, 4, { groupId, members: [{ memberId }] })
}
