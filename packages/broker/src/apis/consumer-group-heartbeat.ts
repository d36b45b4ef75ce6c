/**
 * ConsumerGroupHeartbeat (KIP-848): the one request by which a member of a consumer group joins, stays, moves with the assignment and
 * leaves. v1 lets the member choose its id (KIP-1082) and read by a regular expression.
 */

import { consumerGroupHeartbeat, errorCode, KafkaError, type Request } from '@ottla/protocol'
import { leaves, leavesTemporarily } from '../groups/consumer/consumer-member.ts'
import type { ConsumerGroupSettings } from '../groups/group-context.ts'
import { requireConsumerProtocol } from './consumer-protocol.ts'
import { handler } from './handler.ts'

type HeartbeatRequest = Request<typeof consumerGroupHeartbeat>

export const consumerGroupHeartbeatHandler = handler(
  consumerGroupHeartbeat,
  async ({ request, version, broker, connection }) => {
    requireConsumerProtocol(broker)
    check(request, version, broker.groups.settings.consumer)
    const shard = await broker.groups.shard(request.groupId)
    const caller = { clientId: connection.clientId ?? '', clientHost: `/${connection.clientHost}` }
    const { assignment, ...result } = await shard.consumerHeartbeat(request, caller)
    return { ...result, errorCode: errorCode('NONE'), assignment: assignment && { topicPartitions: assignment } }
  },
  {
    refuse: ({ errorCode, errorMessage }) => ({ errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 }),
  },
)

/** In Kafka's order and words. */
function check(request: HeartbeatRequest, version: number, { assignors }: ConsumerGroupSettings): void {
  const { groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor } = request
  require(groupId !== '', "GroupId can't be empty.")
  require(instanceId !== '', "InstanceId can't be empty.")
  require(rackId !== '', "RackId can't be empty.")
  require(memberEpoch >= leavesTemporarily, 'MemberEpoch is invalid.')
  const choosesItsId = version >= 1 || memberEpoch > 0 || memberEpoch === leaves || memberEpoch === leavesTemporarily
  require(memberId !== '' || !choosesItsId, "MemberId can't be empty.")
  if (memberEpoch === 0) checkJoin(request)
  if (memberEpoch === leavesTemporarily) require(instanceId !== null, "InstanceId can't be null.")
  if (serverAssignor !== null && !assignors.includes(serverAssignor)) {
    throw new KafkaError(
      'UNSUPPORTED_ASSIGNOR',
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    )
  }
}

function checkJoin(request: HeartbeatRequest): void {
  require(request.rebalanceTimeoutMs !== -1, 'RebalanceTimeoutMs must be provided in first request.')
  require(request.topicPartitions?.length === 0, 'TopicPartitions must be empty when (re-)joining.')
  require(request.subscribedTopicNames !== null ||
    request.subscribedTopicRegex !==
      null, 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.')
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new KafkaError('INVALID_REQUEST', message)
}
