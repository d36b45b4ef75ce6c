/** CreateAcls: adds ACLs (KIP-140). v1 pattern types (KIP-290). */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const createAcls = api(
  30,
  'CreateAcls',
  { versions: '1-3', flexible: '2+' },
  {
    request: {
      creations: array({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8({ default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
    },
  },
)
