/**
 * AlterConfigs: replaces all settings of a resource; superseded by IncrementalAlterConfigs, which cannot lose any
 * (KIP-133).
 */

import { api, array, boolean, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const alterConfigs = api(
  33,
  'AlterConfigs',
  { versions: '0-2', flexible: '2+' },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
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
