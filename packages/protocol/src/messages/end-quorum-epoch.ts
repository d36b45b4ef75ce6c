/** EndQuorumEpoch: the leader of the metadata quorum resigns (KIP-595). */

import { api, array, int16, int32, nullable, string, uint16, uuid } from '../schema/index.ts'

export const endQuorumEpoch = api(
  54,
  'EndQuorumEpoch',
  { versions: '0-1', flexible: '1+' },
  {
    request: {
      clusterId: nullable(string(), { default: null }),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          leaderId: int32(),
          leaderEpoch: int32(),
          preferredCandidates: array(
            {
              candidateId: int32(),
              candidateDirectoryId: uuid(),
            },
            { since: 1 },
          ),
          preferredSuccessors: array(int32(), { until: 0 }),
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
