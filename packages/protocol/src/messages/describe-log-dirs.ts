/**
 * DescribeLogDirs: the log directories of a broker and the sizes of the replicas in them (KIP-113).
 * v3 top-level error. v4 size of the disk (KIP-827). v5 whether a directory is cordoned (KIP-1066).
 */

import { api, array, boolean, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const describeLogDirs = api(
  35,
  'DescribeLogDirs',
  { versions: '1-5', flexible: '2+' },
  {
    request: {
      topics: nullable(
        array({
          topic: string(),
          partitions: array(int32()),
        }),
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 3 }),
      results: array({
        errorCode: int16(),
        logDir: string(),
        topics: array({
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            partitionSize: int64(),
            offsetLag: int64(),
            isFutureKey: boolean(),
          }),
        }),
        totalBytes: int64({ since: 4, default: -1n }),
        usableBytes: int64({ since: 4, default: -1n }),
        isCordoned: boolean({ since: 5 }),
      }),
    },
  },
)
