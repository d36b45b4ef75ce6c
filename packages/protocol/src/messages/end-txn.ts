/**
 * EndTxn: commits or aborts a transaction (KIP-98).
 * v5 the answer carries the producer's next epoch (KIP-890).
 */

import { api, boolean, int16, int32, int64, string } from '../schema/index.ts'

export const endTxn = api(
  26,
  'EndTxn',
  { versions: '0-5', flexible: '3+' },
  {
    request: {
      transactionalId: string(),
      producerId: int64(),
      producerEpoch: int16(),
      committed: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      producerId: int64({ since: 5, default: -1n }),
      producerEpoch: int16({ since: 5, default: -1 }),
    },
  },
)
