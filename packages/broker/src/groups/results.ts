/**
 * What the phases of a group hand back to the handlers: the wire's fields by the wire's names, with the error as a name.
 * A field that is left out takes the schema's default.
 */

import type { ErrorName } from '@ottla/protocol'

export interface JoinRequest {
  groupId: string
  /** '' for a member that has no id yet. */
  memberId: string
  groupInstanceId: string | null
  protocolType: string
  /** Most preferred first. */
  protocols: readonly { name: string; metadata: Buffer }[]
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  reason: string | null
}

/** Who sent the request, and what its API version lets us do. */
export interface JoinCaller {
  clientId: string
  clientHost: string
  /** KIP-394 (JoinGroup v4): a member must first learn its id and come back with it. */
  requiresKnownMemberId: boolean
  /** KIP-814 (JoinGroup v9): a static leader that comes back can be told not to assign. */
  canSkipAssignment: boolean
}

export interface JoinResult {
  error: ErrorName
  memberId: string
  generationId?: number
  protocolType?: string | null
  protocolName?: string | null
  leader?: string
  skipAssignment?: boolean
  members?: { memberId: string; groupInstanceId: string | null; metadata: Buffer }[]
}

export interface SyncRequest {
  groupId: string
  generationId: number
  memberId: string
  groupInstanceId: string | null
  /** null when the version does not carry it: then it is not checked. */
  protocolType: string | null
  protocolName: string | null
  assignments: readonly { memberId: string; assignment: Buffer }[]
}

export interface SyncResult {
  error: ErrorName
  protocolType?: string | null
  protocolName?: string | null
  assignment?: Buffer
}

export type JoinAnswer = (result: JoinResult) => void
export type SyncAnswer = (result: SyncResult) => void

export interface MemberIdentity {
  memberId: string
  groupInstanceId: string | null
  generationId: number
}

export interface LeavingMember {
  memberId: string
  groupInstanceId: string | null
  reason: string | null
}

export interface LeaveResult {
  memberId: string
  groupInstanceId: string | null
  error: ErrorName
}
