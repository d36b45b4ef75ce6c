/** ExpireDelegationToken: brings a token's expiry forward (KIP-48). */

import { api, bytes, int16, int32, int64 } from '../schema/index.ts'

export const expireDelegationToken = api(
  40,
  'ExpireDelegationToken',
  { versions: '1-2', flexible: '2+' },
  {
    request: {
      hmac: bytes(),
      expiryTimePeriodMs: int64(),
    },
    response: {
      errorCode: int16(),
      expiryTimestampMs: int64(),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)
