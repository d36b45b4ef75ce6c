/**
 * FetchSnapshot: a replica copies a snapshot of the metadata log (KIP-630).
 * v1 directory id and leaders' endpoints (KIP-853).
 */

import { api, array, int16, int32, int64, nullable, records, string, struct, uint16, uuid } from '../schema/index.ts'

export const fetchSnapshot = api(
  59,
  'FetchSnapshot',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      replicaId: int32({ default: -1 }),
      maxBytes: int32({ default: 2147483647 }),
      topics: array({
        name: string(),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32(),
          snapshotId: struct({
            endOffset: int64(),
            epoch: int32(),
          }),
          position: int64(),
          replicaDirectoryId: uuid({ since: 1, tag: 0 }),
        }),
      }),
      clusterId: nullable(string(), { tag: 0, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      topics: array({
        name: string(),
        partitions: array({
          index: int32(),
          errorCode: int16(),
          snapshotId: struct({
            endOffset: int64(),
            epoch: int32(),
          }),
          size: int64(),
          position: int64(),
          unalignedRecords: records(),
          currentLeader: struct(
            {
              leaderId: int32(),
              leaderEpoch: int32(),
            },
            { tag: 0 },
          ),
        }),
      }),
      nodeEndpoints: array(
        {
          nodeId: int32(),
          host: string(),
          port: uint16(),
        },
        { since: 1, tag: 0 },
      ),
    },
  },
)
