/** DescribeUserScramCredentials: which SCRAM mechanisms users have, never the secrets (KIP-554). */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const describeUserScramCredentials = api(
  50,
  'DescribeUserScramCredentials',
  { versions: '0', flexible: '0+' },
  {
    request: {
      users: nullable(
        array({
          name: string(),
        }),
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      results: array({
        user: string(),
        errorCode: int16(),
        errorMessage: nullable(string()),
        credentialInfos: array({
          mechanism: int8(),
          iterations: int32(),
        }),
      }),
    },
  },
)
