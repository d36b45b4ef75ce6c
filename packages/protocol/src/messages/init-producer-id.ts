/**
 * InitProducerId: a producer gets its id and epoch; with a transactional id, older producers of it are fenced
 * (KIP-98).
 * v3 a producer may name the id and epoch it has, to bump it (KIP-360). v6 two-phase commit (KIP-939), under
 * development.
 */

import { api, boolean, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const initProducerId = api(
  22,
  'InitProducerId',
  { versions: '0-6', flexible: '2+', highestStable: 5 },
  {
    request: {
      transactionalId: nullable(string()),
      transactionTimeoutMs: int32(),
      producerId: int64({ since: 3, default: -1n }),
      producerEpoch: int16({ since: 3, default: -1 }),
      enable2Pc: boolean({ since: 6 }),
      keepPreparedTxn: boolean({ since: 6 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      producerId: int64({ default: -1n }),
      producerEpoch: int16(),
      ongoingTxnProducerId: int64({ since: 6, default: -1n }),
      ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
    },
  },
)
