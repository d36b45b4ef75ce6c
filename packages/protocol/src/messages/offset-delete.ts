/** OffsetDelete: a group forgets offsets of topics it no longer subscribes to (KIP-496). */

import { api, array, int16, int32, string } from '../schema/index.ts'

export const offsetDelete = api(
  47,
  'OffsetDelete',
  { versions: '0' },
  {
    request: {
      groupId: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    },
    response: {
      errorCode: int16(),
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    },
  },
)
