/** ElectLeaders: elects the preferred leaders, or unclean ones (KIP-183, KIP-460). */

import { api, array, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const electLeaders = api(
  43,
  'ElectLeaders',
  { versions: '0-2', flexible: '2+' },
  {
    request: {
      electionType: int8({ since: 1 }),
      topicPartitions: nullable(
        array({
          topic: string(),
          partitions: array(int32()),
        }),
      ),
      timeoutMs: int32({ default: 60000 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 1 }),
      replicaElectionResults: array({
        topic: string(),
        partitionResult: array({
          partitionId: int32(),
          errorCode: int16(),
          errorMessage: nullable(string()),
        }),
      }),
    },
  },
)
