/** RenewDelegationToken: puts off a token's expiry (KIP-48). */

import { api, bytes, int16, int32, int64 } from '../schema/index.ts'

export const renewDelegationToken = api(
  39,
  'RenewDelegationToken',
  { versions: '1-2', flexible: '2+' },
  {
    request: {
      hmac: bytes(),
      renewPeriodMs: int64(),
    },
    response: {
      errorCode: int16(),
      expiryTimestampMs: int64(),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)
