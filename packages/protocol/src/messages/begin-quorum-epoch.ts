/** BeginQuorumEpoch: the new leader of the metadata quorum makes itself known (KIP-595). */

import { api, array, int16, int32, nullable, string, uint16, uuid } from '../schema/index.ts'

export const beginQuorumEpoch = api(
  53,
  'BeginQuorumEpoch',
  { versions: '0-1', flexible: '1+' },
  {
    request: {
      clusterId: nullable(string(), { default: null }),
      voterId: int32({ since: 1, default: -1 }),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          voterDirectoryId: uuid({ since: 1 }),
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
      }),
      leaderEndpoints: array(
        {
          name: string(),
          host: string(),
          port: uint16(),
        },
        { since: 1 },
      ),
    },
    response: {
      errorCode: int16(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          leaderId: int32(),
          leaderEpoch: int32(),
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
