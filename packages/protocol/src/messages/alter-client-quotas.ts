/** AlterClientQuotas: sets and removes quotas (KIP-546). */

import { api, array, boolean, float64, int16, int32, nullable, string } from '../schema/index.ts'

export const alterClientQuotas = api(
  49,
  'AlterClientQuotas',
  { versions: '0-1', flexible: '1+' },
  {
    request: {
      entries: array({
        entity: array({
          entityType: string(),
          entityName: nullable(string()),
        }),
        ops: array({
          key: string(),
          value: float64(),
          remove: boolean(),
        }),
      }),
      validateOnly: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      entries: array({
        errorCode: int16(),
        errorMessage: nullable(string()),
        entity: array({
          entityType: string(),
          entityName: nullable(string()),
        }),
      }),
    },
  },
)
