/** RemoveRaftVoter: a controller is no longer a voter of the metadata quorum (KIP-853). */

import { api, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const removeRaftVoter = api(
  81,
  'RemoveRaftVoter',
  { versions: '0', flexible: '0+' },
  {
    request: {
      clusterId: nullable(string()),
      voterId: int32(),
      voterDirectoryId: uuid(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
    },
  },
)
