/**
 * Vote: a voter of the metadata quorum asks for votes (KIP-595).
 * v1 directory ids (KIP-853). v2 pre-vote (KIP-996).
 */

import { api, array, boolean, int16, int32, int64, nullable, string, uint16, uuid } from '../schema/index.ts'

export const vote = api(
  52,
  'Vote',
  { versions: '0-2', flexible: '0+' },
  {
    request: {
      clusterId: nullable(string(), { default: null }),
      voterId: int32({ since: 1, default: -1 }),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          replicaEpoch: int32(),
          replicaId: int32(),
          replicaDirectoryId: uuid({ since: 1 }),
          voterDirectoryId: uuid({ since: 1 }),
          lastOffsetEpoch: int32(),
          lastOffset: int64(),
          preVote: boolean({ since: 2 }),
        }),
      }),
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
          voteGranted: boolean(),
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
