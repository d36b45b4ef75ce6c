/**
 * CreateDelegationToken: a token that lets others act as its owner (KIP-48).
 * v3 for another owner (KIP-373).
 */

import { api, array, bytes, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const createDelegationToken = api(
  38,
  'CreateDelegationToken',
  { versions: '1-3', flexible: '2+' },
  {
    request: {
      ownerPrincipalType: nullable(string(), { since: 3 }),
      ownerPrincipalName: nullable(string(), { since: 3 }),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
      maxLifetimeMs: int64(),
    },
    response: {
      errorCode: int16(),
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ since: 3 }),
      tokenRequesterPrincipalName: string({ since: 3 }),
      issueTimestampMs: int64(),
      expiryTimestampMs: int64(),
      maxTimestampMs: int64(),
      tokenId: string(),
      hmac: bytes(),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)
