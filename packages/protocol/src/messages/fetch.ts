/**
 * Fetch: a client reads record batches from partitions, a replica copies them.
 * v4 isolation level and aborted transactions (KIP-98). v5 log start offset (KIP-107). v7 fetch sessions (KIP-227). v9
 * leader epoch (KIP-320). v11 rack, nearest replica (KIP-392). v12 diverging epochs (KIP-595). v13 topic ids for names
 * (KIP-516). v15 replica state (KIP-903). v16 leaders' endpoints (KIP-951). v17 replica's directory (KIP-853). v18 the
 * follower's high watermark (KIP-1166).
 */

import { api, array, int8, int16, int32, int64, nullable, records, string, struct, uuid } from '../schema/index.ts'

export const fetch = api(
  1,
  'Fetch',
  { versions: '4-18', flexible: '12+' },
  {
    request: {
      replicaId: int32({ until: 14, default: -1 }),
      maxWaitMs: int32(),
      minBytes: int32(),
      maxBytes: int32({ default: 2147483647 }),
      isolationLevel: int8(),
      sessionId: int32({ since: 7 }),
      sessionEpoch: int32({ since: 7, default: -1 }),
      topics: array({
        topicId: uuid({ since: 13 }),
        topic: string({ until: 12 }),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32({ since: 9, default: -1 }),
          fetchOffset: int64(),
          lastFetchedEpoch: int32({ since: 12, default: -1 }),
          logStartOffset: int64({ since: 5, default: -1n }),
          partitionMaxBytes: int32(),
          replicaDirectoryId: uuid({ since: 17, tag: 0 }),
          highWatermark: int64({ since: 18, tag: 1, default: 9223372036854775807n }),
        }),
      }),
      forgottenTopicsData: array(
        {
          topicId: uuid({ since: 13 }),
          topic: string({ until: 12 }),
          partitions: array(int32()),
        },
        { since: 7 },
      ),
      rackId: string({ since: 11 }),
      clusterId: nullable(string(), { since: 12, tag: 0, default: null }),
      replicaState: struct(
        {
          replicaId: int32({ default: -1 }),
          replicaEpoch: int64({ default: -1n }),
        },
        { since: 15, tag: 1 },
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 7 }),
      sessionId: int32({ since: 7 }),
      responses: array({
        topicId: uuid({ since: 13 }),
        topic: string({ until: 12 }),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          highWatermark: int64(),
          lastStableOffset: int64({ default: -1n }),
          logStartOffset: int64({ since: 5, default: -1n }),
          abortedTransactions: nullable(
            array({
              producerId: int64(),
              firstOffset: int64(),
            }),
          ),
          preferredReadReplica: int32({ since: 11, default: -1 }),
          records: nullable(records(), { default: null }),
          divergingEpoch: struct(
            {
              epoch: int32({ default: -1 }),
              endOffset: int64({ default: -1n }),
            },
            { since: 12, tag: 0 },
          ),
          currentLeader: struct(
            {
              leaderId: int32({ default: -1 }),
              leaderEpoch: int32({ default: -1 }),
            },
            { since: 12, tag: 1 },
          ),
          snapshotId: struct(
            {
              endOffset: int64({ default: -1n }),
              epoch: int32({ default: -1 }),
            },
            { since: 12, tag: 2 },
          ),
        }),
      }),
      nodeEndpoints: array(
        {
          nodeId: int32(),
          host: string(),
          port: int32(),
          rack: nullable(string(), { default: null }),
        },
        { since: 16, tag: 0 },
      ),
    },
  },
)
