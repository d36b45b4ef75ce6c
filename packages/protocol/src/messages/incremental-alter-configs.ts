/** IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single settings (KIP-339). */

import { api, array, boolean, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const incrementalAlterConfigs = api(
  44,
  'IncrementalAlterConfigs',
  { versions: '0-1', flexible: '1+' },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          configOperation: int8(),
          value: nullable(string()),
        }),
      }),
      validateOnly: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      responses: array({
        errorCode: int16(),
        errorMessage: nullable(string()),
        resourceType: int8(),
        resourceName: string(),
      }),
    },
  },
)
