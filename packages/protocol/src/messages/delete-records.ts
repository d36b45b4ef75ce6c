/** DeleteRecords: moves the log start offset up; -1 means the high watermark (KIP-107). */

import { api, array, int16, int32, int64, string } from '../schema/index.ts'

export const deleteRecords = api(
  21,
  'DeleteRecords',
  { versions: '0-2', flexible: '2+' },
  {
    request: {
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          offset: int64(),
        }),
      }),
      timeoutMs: int32(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          lowWatermark: int64(),
          errorCode: int16(),
        }),
      }),
    },
  },
)
