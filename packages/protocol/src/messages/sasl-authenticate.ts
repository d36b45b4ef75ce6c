/**
 * SaslAuthenticate: carries the tokens of the SASL mechanism (KIP-152).
 * v1 how long the session lives until it must authenticate again (KIP-368).
 */

import { api, bytes, int16, int64, nullable, string } from '../schema/index.ts'

export const saslAuthenticate = api(
  36,
  'SaslAuthenticate',
  { versions: '0-2', flexible: '2+' },
  {
    request: {
      authBytes: bytes(),
    },
    response: {
      errorCode: int16(),
      errorMessage: nullable(string()),
      authBytes: bytes(),
      sessionLifetimeMs: int64({ since: 1 }),
    },
  },
)
