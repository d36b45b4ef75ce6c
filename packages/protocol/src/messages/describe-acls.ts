/** DescribeAcls: the ACLs that match a filter (KIP-140). v1 pattern types (KIP-290). */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const describeAcls = api(
  29,
  'DescribeAcls',
  { versions: '1-3', flexible: '2+' },
  {
    request: {
      resourceTypeFilter: int8(),
      resourceNameFilter: nullable(string()),
      patternTypeFilter: int8({ default: 3 }),
      principalFilter: nullable(string()),
      hostFilter: nullable(string()),
      operation: int8(),
      permissionType: int8(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ default: 3 }),
        acls: array({
          principal: string(),
          host: string(),
          operation: int8(),
          permissionType: int8(),
        }),
      }),
    },
  },
)
