/**
 * ListTransactions: the transactional ids a broker coordinates (KIP-664).
 * v1 by duration (KIP-994). v2 by a pattern of the id (KIP-1152).
 */

import { api, array, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const listTransactions = api(
  66,
  'ListTransactions',
  { versions: '0-2', flexible: '0+' },
  {
    request: {
      stateFilters: array(string()),
      producerIdFilters: array(int64()),
      durationFilter: int64({ since: 1, default: -1n }),
      transactionalIdPattern: nullable(string(), { since: 2, default: null }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      unknownStateFilters: array(string()),
      transactionStates: array({
        transactionalId: string(),
        producerId: int64(),
        transactionState: string(),
      }),
    },
  },
)
