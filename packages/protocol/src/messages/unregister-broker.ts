/** UnregisterBroker: the cluster forgets a broker (KIP-500). */

import { api, int16, int32, nullable, string } from '../schema/index.ts'

export const unregisterBroker = api(
  64,
  'UnregisterBroker',
  { versions: '0', flexible: '0+' },
  {
    request: {
      brokerId: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
    },
  },
)
