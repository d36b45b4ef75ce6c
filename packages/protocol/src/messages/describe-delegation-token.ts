/**
 * DescribeDelegationToken: the tokens of owners (KIP-48).
 * v3 the requester beside the owner (KIP-373).
 */

import { api, array, bytes, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const describeDelegationToken = api(
  41,
  'DescribeDelegationToken',
  { versions: '1-3', flexible: '2+' },
  {
    request: {
      owners: nullable(
        array({
          principalType: string(),
          principalName: string(),
        }),
      ),
    },
    response: {
      errorCode: int16(),
      tokens: array({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string({ since: 3 }),
        tokenRequesterPrincipalName: string({ since: 3 }),
        issueTimestamp: int64(),
        expiryTimestamp: int64(),
        maxTimestamp: int64(),
        tokenId: string(),
        hmac: bytes(),
        renewers: array({
          principalType: string(),
          principalName: string(),
        }),
      }),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)
