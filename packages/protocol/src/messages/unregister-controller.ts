/** UnregisterController: the cluster forgets a controller. */

import { api, int16, int32, nullable, string } from '../schema/index.ts'

export const unregisterController = api(
  94,
  'UnregisterController',
  { versions: '0', flexible: '0+' },
  {
    request: {
      controllerId: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
    },
  },
)
