/**
 * DescribeGroups: state, members and assignment of classic groups.
 * v3 authorized operations (KIP-430). v4 static members (KIP-345). v6 GROUP_ID_NOT_FOUND instead of a dead group, with
 * a message (KIP-1043).
 */

import { api, array, boolean, bytes, int16, int32, nullable, string } from '../schema/index.ts'

export const describeGroups = api(
  15,
  'DescribeGroups',
  { versions: '0-6', flexible: '5+' },
  {
    request: {
      groups: array(string()),
      includeAuthorizedOperations: boolean({ since: 3 }),
    },
    response: {
      throttleTimeMs: int32({ since: 1 }),
      groups: array({
        errorCode: int16(),
        errorMessage: nullable(string(), { since: 6, default: null }),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array({
          memberId: string(),
          groupInstanceId: nullable(string(), { since: 4, default: null }),
          clientId: string(),
          clientHost: string(),
          memberMetadata: bytes(),
          memberAssignment: bytes(),
        }),
        authorizedOperations: int32({ since: 3, default: -2147483648 }),
      }),
    },
  },
)
