/**
 * FindCoordinator: which broker coordinates a group or a transactional id.
 * v1 the key's type: 0 group, 1 transaction, 2 share. v4 several keys at once (KIP-699). v6 share groups (KIP-932).
 */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const findCoordinator = api(
  10,
  'FindCoordinator',
  { versions: '0-6', flexible: '3+' },
  {
    request: {
      key: string({ until: 3 }),
      keyType: int8({ since: 1 }),
      coordinatorKeys: array(string(), { since: 4 }),
    },
    response: {
      throttleTimeMs: int32({ since: 1 }),
      coordinators: array(
        {
          key: string(),
          nodeId: int32(),
          host: string(),
          port: int32(),
          errorCode: int16(),
          errorMessage: nullable(string()),
        },
        { since: 4 },
      ),
      errorCode: int16({ until: 3 }),
      errorMessage: nullable(string(), { since: 1, until: 3 }),
      nodeId: int32({ until: 3 }),
      host: string({ until: 3 }),
      port: int32({ until: 3 }),
    },
  },
)
