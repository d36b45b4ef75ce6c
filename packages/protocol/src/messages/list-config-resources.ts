/**
 * ListConfigResources: the resources that have settings. v0 knows client metrics only (KIP-714), v1 any type
 * (KIP-1142).
 */

import { api, array, int8, int16, int32, string } from '../schema/index.ts'

export const listConfigResources = api(
  74,
  'ListConfigResources',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      resourceTypes: array(int8(), { since: 1 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      configResources: array({
        resourceName: string(),
        resourceType: int8({ since: 1, default: 16 }),
      }),
    },
  },
)
