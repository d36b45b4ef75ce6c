/** AlterUserScramCredentials: sets and removes users' SCRAM credentials (KIP-554). */

import { api, array, bytes, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const alterUserScramCredentials = api(
  51,
  'AlterUserScramCredentials',
  { versions: '0', flexible: '0+' },
  {
    request: {
      deletions: array({
        name: string(),
        mechanism: int8(),
      }),
      upsertions: array({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        user: string(),
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
    },
  },
)
