/**
 * DescribeQuorum: leader, voters and observers of the metadata quorum (KIP-595).
 * v1 timestamps of the last fetches (KIP-836). v2 directory ids and endpoints (KIP-853).
 */

import { api, array, int16, int32, int64, nullable, string, uint16, uuid } from '../schema/index.ts'

export const describeQuorum = api(
  55,
  'DescribeQuorum',
  { versions: '0-2', flexible: '0+' },
  {
    request: {
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    },
    response: {
      errorCode: int16(),
      errorMessage: nullable(string(), { since: 2 }),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { since: 2 }),
          leaderId: int32(),
          leaderEpoch: int32(),
          highWatermark: int64(),
          currentVoters: array({
            replicaId: int32(),
            replicaDirectoryId: uuid({ since: 2 }),
            logEndOffset: int64(),
            lastFetchTimestamp: int64({ since: 1, default: -1n }),
            lastCaughtUpTimestamp: int64({ since: 1, default: -1n }),
          }),
          observers: array({
            replicaId: int32(),
            replicaDirectoryId: uuid({ since: 2 }),
            logEndOffset: int64(),
            lastFetchTimestamp: int64({ since: 1, default: -1n }),
            lastCaughtUpTimestamp: int64({ since: 1, default: -1n }),
          }),
        }),
      }),
      nodes: array(
        {
          nodeId: int32(),
          listeners: array({
            name: string(),
            host: string(),
            port: uint16(),
          }),
        },
        { since: 2 },
      ),
    },
  },
)
