/** DescribeTopicPartitions: topics and their partitions page by page, with eligible leader replicas (KIP-966). */

import { api, array, boolean, int16, int32, nullable, string, struct, uuid } from '../schema/index.ts'

export const describeTopicPartitions = api(
  75,
  'DescribeTopicPartitions',
  { versions: '0', flexible: '0+' },
  {
    request: {
      topics: array({
        name: string(),
      }),
      responsePartitionLimit: int32({ default: 2000 }),
      cursor: nullable(
        struct({
          topicName: string(),
          partitionIndex: int32(),
        }),
        { default: null },
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        errorCode: int16(),
        name: nullable(string()),
        topicId: uuid(),
        isInternal: boolean(),
        partitions: array({
          errorCode: int16(),
          partitionIndex: int32(),
          leaderId: int32(),
          leaderEpoch: int32({ default: -1 }),
          replicaNodes: array(int32()),
          isrNodes: array(int32()),
          eligibleLeaderReplicas: nullable(array(int32()), { default: null }),
          lastKnownElr: nullable(array(int32()), { default: null }),
          offlineReplicas: array(int32()),
        }),
        topicAuthorizedOperations: int32({ default: -2147483648 }),
      }),
      nextCursor: nullable(
        struct({
          topicName: string(),
          partitionIndex: int32(),
        }),
        { default: null },
      ),
    },
  },
)
