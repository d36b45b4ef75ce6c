/**
 * ConsumerGroupHeartbeat: the one request of the new group protocol: join, stay, learn the assignment, acknowledge it,
 * leave (KIP-848).
 * v1 subscription by a regular expression that the server resolves; the member chooses its id (KIP-1082).
 */

import { api, array, int16, int32, nullable, string, struct, uuid } from '../schema/index.ts'

export const consumerGroupHeartbeat = api(
  68,
  'ConsumerGroupHeartbeat',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      instanceId: nullable(string(), { default: null }),
      rackId: nullable(string(), { default: null }),
      rebalanceTimeoutMs: int32({ default: -1 }),
      subscribedTopicNames: nullable(array(string()), { default: null }),
      subscribedTopicRegex: nullable(string(), { since: 1, default: null }),
      serverAssignor: nullable(string(), { default: null }),
      topicPartitions: nullable(
        array({
          topicId: uuid(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      memberId: nullable(string(), { default: null }),
      memberEpoch: int32(),
      heartbeatIntervalMs: int32(),
      assignment: nullable(
        struct({
          topicPartitions: array({
            topicId: uuid(),
            partitions: array(int32()),
          }),
        }),
        { default: null },
      ),
    },
  },
)
