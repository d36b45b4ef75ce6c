/**
 * One member of a consumer group (KIP-848), as a value: every change makes a new one, so that a change that could not be stored
 * leaves nothing behind.
 *
 * States of its reconciliation; `reconcile.ts` has the transitions:
 *   Stable               it has what its epoch gives it
 *   UnrevokedPartitions  it was told to give up partitions and has not yet said that it did
 *   UnreleasedPartitions it is in the newest epoch and waits for partitions that others have not given up yet
 */

import { noPartitions, type OwnedPartitions } from './partitions.ts'

export const reconciliationStates = ['Stable', 'UnrevokedPartitions', 'UnreleasedPartitions'] as const
export type ReconciliationState = (typeof reconciliationStates)[number]

/** What is kept of a member that speaks the classic protocol while its group does not. */
export interface ClassicProtocol {
  readonly sessionTimeoutMs: number
  /** Most preferred first. */
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[]
}

/** What a member says about itself. */
export interface MemberSubscription {
  /** `group.instance.id` of a static member, null for a dynamic one. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Sorted, each once. */
  readonly subscribedTopicNames: readonly string[]
  /** '' and null both mean: none. */
  readonly subscribedTopicRegex: string | null
  /** How long it may take to give up partitions. */
  readonly rebalanceTimeoutMs: number
  /** The server-side assignor that it would like, null if it does not care. */
  readonly serverAssignor: string | null
  /** null for a member that speaks the consumer protocol. */
  readonly classic: ClassicProtocol | null
}

/** Where a member stands on its way to its target assignment. */
export interface CurrentAssignment {
  /** 0 before the first assignment; `leftTemporarily` while a static member is away. */
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: ReconciliationState
  readonly assigned: OwnedPartitions
  readonly pendingRevocation: OwnedPartitions
}

export interface ConsumerMember extends MemberSubscription, CurrentAssignment {
  readonly memberId: string
}

/** Epochs that a heartbeat sends to say that the member goes. */
export const leaves = -1
/** A static member goes and will be back within its session; nobody else gets its partitions until then. */
export const leavesTemporarily = -2

export const initialAssignment: CurrentAssignment = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: 'Stable',
  assigned: noPartitions,
  pendingRevocation: noPartitions,
}

export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    ...initialAssignment,
  }
}

export function subscriptionOf(member: MemberSubscription): MemberSubscription {
  const { instanceId, rackId, clientId, clientHost, subscribedTopicNames, subscribedTopicRegex } = member
  const { rebalanceTimeoutMs, serverAssignor, classic } = member
  return {
    ...{ instanceId, rackId, clientId, clientHost, subscribedTopicNames, subscribedTopicRegex },
    ...{ rebalanceTimeoutMs, serverAssignor, classic },
  }
}

export function assignmentOf(member: CurrentAssignment): CurrentAssignment {
  const { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation } = member
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }
}

export function sameSubscription(a: MemberSubscription, b: MemberSubscription): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    sameNames(a.subscribedTopicNames, b.subscribedTopicNames) &&
    sameClassic(a.classic, b.classic)
  )
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

function sameClassic(a: ClassicProtocol | null, b: ClassicProtocol | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.protocols.length === b.protocols.length &&
    a.protocols.every(({ name, metadata }, i) => {
      const other = b.protocols[i]
      return other !== undefined && other.name === name && other.metadata.equals(metadata)
    })
  )
}

/** It has all of its target and owes nothing. */
export function isReconciledTo(member: CurrentAssignment, targetEpoch: number): boolean {
  return member.state === 'Stable' && member.memberEpoch === targetEpoch
}

/** Sorted, each once: the form in which members keep them. */
export function asTopicNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort()
}
