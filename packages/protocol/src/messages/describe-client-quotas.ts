/** DescribeClientQuotas: the quotas that match a filter (KIP-546). */

import { api, array, boolean, float64, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const describeClientQuotas = api(
  48,
  'DescribeClientQuotas',
  { versions: '0-1', flexible: '1+' },
  {
    request: {
      components: array({
        entityType: string(),
        matchType: int8(),
        match: nullable(string()),
      }),
      strict: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      entries: nullable(
        array({
          entity: array({
            entityType: string(),
            entityName: nullable(string()),
          }),
          values: array({
            key: string(),
            value: float64(),
          }),
        }),
      ),
    },
  },
)
