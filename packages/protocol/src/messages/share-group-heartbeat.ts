/** ShareGroupHeartbeat: a member of a share group joins, stays, learns its assignment and leaves (KIP-932). */

import { api, array, int16, int32, nullable, string, struct, uuid } from '../schema/index.ts'

export const shareGroupHeartbeat = api(
  76,
  'ShareGroupHeartbeat',
  { versions: '1', flexible: '1+' },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      rackId: nullable(string(), { default: null }),
      subscribedTopicNames: nullable(array(string()), { default: null }),
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
