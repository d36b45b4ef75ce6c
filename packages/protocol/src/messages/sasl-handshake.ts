/**
 * SaslHandshake: a client names its SASL mechanism.
 * v0 is followed by bare SASL tokens, v1 by SaslAuthenticate (KIP-152).
 */

import { api, array, int16, string } from '../schema/index.ts'

export const saslHandshake = api(
  17,
  'SaslHandshake',
  { versions: '0-1' },
  {
    request: {
      mechanism: string(),
    },
    response: {
      errorCode: int16(),
      mechanisms: array(string()),
    },
  },
)
