/**
 * LeaveGroup: members leave a classic group.
 * v3 several members, static ones too (KIP-345). v5 reason (KIP-800).
 */

import { api, array, int16, int32, nullable, string } from '../schema/index.ts'

export const leaveGroup = api(
  13,
  'LeaveGroup',
  { versions: '0-5', flexible: '4+' },
  {
    request: {
      groupId: string(),
      members: array(
        {
          memberId: string(),
          groupInstanceId: nullable(string(), { default: null }),
          reason: nullable(string(), { since: 5, default: null }),
        },
        { since: 3 },
      ),
      memberId: string({ until: 2 }),
    },
    response: {
      throttleTimeMs: int32({ since: 1 }),
      errorCode: int16(),
      members: array(
        {
          memberId: string(),
          groupInstanceId: nullable(string()),
          errorCode: int16(),
        },
        { since: 3 },
      ),
    },
  },
)
