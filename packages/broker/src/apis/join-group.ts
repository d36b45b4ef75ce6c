/** JoinGroup: answered when the join phase of the group's rebalance ends, which may take minutes; until then the connection waits. */

import { errorCode, joinGroup, KafkaError } from '@ottla/protocol'
import { assertGroupName } from '../groups/group-id.ts'
import { handler } from './handler.ts'

export const joinGroupHandler = handler(
  joinGroup,
  async ({ request, version, broker, connection }) => {
    assertGroupName(request.groupId)
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = broker.groups.settings
    if (request.sessionTimeoutMs < minSessionTimeoutMs || request.sessionTimeoutMs > maxSessionTimeoutMs) {
      throw new KafkaError('INVALID_SESSION_TIMEOUT')
    }
    const shard = await broker.groups.shard(request.groupId)
    // KIP-62: before v1 a member had one timeout for both.
    const rebalanceTimeoutMs = version === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
    const { error, ...result } = await shard.join(
      { ...request, rebalanceTimeoutMs },
      {
        clientId: connection.clientId ?? '',
        // As Java writes an address without a host name, which is what Kafka's tools expect to find.
        clientHost: `/${connection.clientHost}`,
        requiresKnownMemberId: version >= 4,
        canSkipAssignment: version >= 9,
      },
    )
    return { ...nothing(version), ...result, errorCode: errorCode(error) }
  },
  {
    refuse: ({ request, version, errorName, errorCode }) => ({
      ...nothing(version),
      errorCode,
      // A member that may not stay has no id any more.
      memberId: errorName === 'GROUP_MAX_SIZE_REACHED' ? '' : request.memberId,
    }),
  },
)

/** The fields of an answer that has no generation to tell of. */
function nothing(version: number) {
  return { protocolName: version < 7 ? '' : null, leader: '', members: [] }
}
