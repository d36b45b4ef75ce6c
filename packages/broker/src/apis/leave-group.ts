/** LeaveGroup: members go, at once. v3 takes several, static ones by their instance id too (KIP-345). */

import { errorCode, KafkaError, leaveGroup } from '@ottla/protocol'
import { assertGroupName } from '../groups/group-id.ts'
import type { LeaveResult } from '../groups/results.ts'
import { handler } from './handler.ts'

export const leaveGroupHandler = handler(
  leaveGroup,
  async ({ request, version, broker }) => {
    assertGroupName(request.groupId)
    const leaving =
      version < 3 ? [{ memberId: request.memberId, groupInstanceId: null, reason: null }] : request.members
    const results = await leave()
    if (version < 3) return { errorCode: errorCode(results[0]?.error ?? 'NONE'), members: [] }
    const members = results.map(({ error, ...member }) => ({ ...member, errorCode: errorCode(error) }))
    return { errorCode: errorCode('NONE'), members }

    async function leave(): Promise<LeaveResult[]> {
      try {
        const shard = broker.groups.existingShard(request.groupId)
        if (shard === null) throw new KafkaError('UNKNOWN_MEMBER_ID')
        return await shard.leave(request.groupId, leaving)
      } catch (error) {
        // A group that does not exist has none of these members.
        if (!(error instanceof KafkaError) || error.errorName !== 'UNKNOWN_MEMBER_ID') throw error
        return leaving.map(({ memberId, groupInstanceId }) => ({
          memberId,
          groupInstanceId,
          error: 'UNKNOWN_MEMBER_ID',
        }))
      }
    }
  },
  { refuse: ({ errorCode }) => ({ errorCode, members: [] }) },
)
