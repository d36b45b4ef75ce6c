/** UpdateRaftVoter: a voter's endpoints and supported versions (KIP-853). */

import { api, array, int16, int32, nullable, string, struct, uint16, uuid } from '../schema/index.ts'

export const updateRaftVoter = api(
  82,
  'UpdateRaftVoter',
  { versions: '0', flexible: '0+' },
  {
    request: {
      clusterId: nullable(string()),
      currentLeaderEpoch: int32(),
      voterId: int32(),
      voterDirectoryId: uuid(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      currentLeader: struct(
        {
          leaderId: int32({ default: -1 }),
          leaderEpoch: int32({ default: -1 }),
          host: string(),
          port: int32(),
        },
        { tag: 0 },
      ),
    },
  },
)
