/** DeleteAcls: removes the ACLs that match filters (KIP-140). v1 pattern types (KIP-290). */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const deleteAcls = api(
  31,
  'DeleteAcls',
  { versions: '1-3', flexible: '2+' },
  {
    request: {
      filters: array({
        resourceTypeFilter: int8(),
        resourceNameFilter: nullable(string()),
        patternTypeFilter: int8({ default: 3 }),
        principalFilter: nullable(string()),
        hostFilter: nullable(string()),
        operation: int8(),
        permissionType: int8(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      filterResults: array({
        errorCode: int16(),
        errorMessage: nullable(string()),
        matchingAcls: array({
          errorCode: int16(),
          errorMessage: nullable(string()),
          resourceType: int8(),
          resourceName: string(),
          patternType: int8({ default: 3 }),
          principal: string(),
          host: string(),
          operation: int8(),
          permissionType: int8(),
        }),
      }),
    },
  },
)
