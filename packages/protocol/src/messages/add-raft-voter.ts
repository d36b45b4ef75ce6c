/** AddRaftVoter: a controller becomes a voter of the metadata quorum (KIP-853). */

import { api, array, boolean, int16, int32, nullable, string, uint16, uuid } from '../schema/index.ts'

export const addRaftVoter = api(
  80,
  'AddRaftVoter',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      clusterId: nullable(string()),
      timeoutMs: int32(),
      voterId: int32(),
      voterDirectoryId: uuid(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      ackWhenCommitted: boolean({ since: 1, default: true }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
    },
  },
)
