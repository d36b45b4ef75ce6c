/**
 * ListOffsets: offsets by timestamp, or the first and last ones by negative timestamps: -1 latest, -2 earliest, -3
 * with the largest timestamp.
 * v2 isolation level (KIP-98). v4 leader epoch (KIP-320). v7 largest timestamp (KIP-734). v8 earliest local, -4
 * (KIP-405). v9 last tiered, -5 (KIP-1005). v10 timeout (KIP-1075). v11 earliest pending upload, -6 (KIP-1023).
 */

import { api, array, int8, int16, int32, int64, string } from '../schema/index.ts'

export const listOffsets = api(
  2,
  'ListOffsets',
  { versions: '1-11', flexible: '6+' },
  {
    request: {
      replicaId: int32(),
      isolationLevel: int8({ since: 2 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          currentLeaderEpoch: int32({ since: 4, default: -1 }),
          timestamp: int64(),
        }),
      }),
      timeoutMs: int32({ since: 10 }),
    },
    response: {
      throttleTimeMs: int32({ since: 2 }),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          timestamp: int64({ default: -1n }),
          offset: int64({ default: -1n }),
          leaderEpoch: int32({ since: 4, default: -1 }),
        }),
      }),
    },
  },
)
