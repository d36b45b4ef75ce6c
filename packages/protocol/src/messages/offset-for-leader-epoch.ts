/**
 * OffsetForLeaderEpoch: where a leader epoch ended in the log, so that a client or replica notices a cut tail
 * (KIP-101, KIP-320).
 */

import { api, array, int16, int32, int64, string } from '../schema/index.ts'

export const offsetForLeaderEpoch = api(
  23,
  'OffsetForLeaderEpoch',
  { versions: '2-4', flexible: '4+' },
  {
    request: {
      replicaId: int32({ since: 3, default: -2 }),
      topics: array({
        topic: string(),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32({ default: -1 }),
          leaderEpoch: int32(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        topic: string(),
        partitions: array({
          errorCode: int16(),
          partition: int32(),
          leaderEpoch: int32({ default: -1 }),
          endOffset: int64({ default: -1n }),
        }),
      }),
    },
  },
)
