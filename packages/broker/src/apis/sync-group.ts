/** SyncGroup: the leader brings the assignment, everybody gets his part. v5 names the protocol, to be checked (KIP-559). */

import { errorCode, KafkaError, syncGroup } from '@ottla/protocol'
import { assertGroupName } from '../groups/group-id.ts'
import { handler } from './handler.ts'

const nothing = Buffer.alloc(0)

export const syncGroupHandler = handler(
  syncGroup,
  async ({ request, version, broker }) => {
    if (version >= 5 && (request.protocolType === null || request.protocolName === null)) {
      throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL')
    }
    assertGroupName(request.groupId)
    const shard = broker.groups.existingShard(request.groupId)
    if (shard === null) throw new KafkaError('UNKNOWN_MEMBER_ID')
    const { error, ...result } = await shard.sync(request)
    return { assignment: nothing, ...result, errorCode: errorCode(error) }
  },
  { refuse: ({ errorCode }) => ({ errorCode, assignment: nothing }) },
)
