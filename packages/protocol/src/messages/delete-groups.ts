/**
 * DeleteGroups: deletes groups that have no members, with their offsets (KIP-229).
 * v3 error message.
 */

import { api, array, int16, int32, nullable, string } from '../schema/index.ts'

export const deleteGroups = api(
  42,
  'DeleteGroups',
  { versions: '0-3', flexible: '2+' },
  {
    request: {
      groupsNames: array(string()),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        groupId: string(),
        errorCode: int16(),
        errorMessage: nullable(string(), { since: 3, default: null }),
      }),
    },
  },
)
