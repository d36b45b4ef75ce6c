/**
 * Metadata: brokers, topics and partitions; the first thing a client asks after ApiVersions.
 * v0 asks for all topics with an empty list, v1 with null. v4 auto-creation may be declined (KIP-204). v7 leader epoch
 * (KIP-320). v8 authorized operations (KIP-430). v10 topic ids (KIP-516). v11 the cluster's operations moved to
 * DescribeCluster (KIP-700). v12 topics by id. v13 top-level error (KIP-1102).
 */

import { api, array, boolean, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const metadata = api(
  3,
  'Metadata',
  { versions: '0-13', flexible: '9+' },
  {
    request: {
      topics: nullable(
        array({
          topicId: uuid({ since: 10 }),
          name: nullable(string(), { nullableSince: 10 }),
        }),
        { nullableSince: 1 },
      ),
      allowAutoTopicCreation: boolean({ since: 4, default: true }),
      includeClusterAuthorizedOperations: boolean({ since: 8, until: 10 }),
      includeTopicAuthorizedOperations: boolean({ since: 8 }),
    },
    response: {
      throttleTimeMs: int32({ since: 3 }),
      brokers: array({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string(), { since: 1, default: null }),
      }),
      clusterId: nullable(string(), { since: 2, default: null }),
      controllerId: int32({ since: 1, default: -1 }),
      topics: array({
        errorCode: int16(),
        name: nullable(string(), { nullableSince: 12 }),
        topicId: uuid({ since: 10 }),
        isInternal: boolean({ since: 1 }),
        partitions: array({
          errorCode: int16(),
          partitionIndex: int32(),
          leaderId: int32(),
          leaderEpoch: int32({ since: 7, default: -1 }),
          replicaNodes: array(int32()),
          isrNodes: array(int32()),
          offlineReplicas: array(int32(), { since: 5 }),
        }),
        topicAuthorizedOperations: int32({ since: 8, default: -2147483648 }),
      }),
      errorCode: int16({ since: 13 }),
      clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2147483648 }),
    },
  },
)
