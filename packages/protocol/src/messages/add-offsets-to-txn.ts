/** AddOffsetsToTxn: a group's offsets join a transaction (KIP-98). */

import { api, int16, int32, int64, string } from '../schema/index.ts'

export const addOffsetsToTxn = api(
  25,
  'AddOffsetsToTxn',
  { versions: '0-4', flexible: '3+' },
  {
    request: {
      transactionalId: string(),
      producerId: int64(),
      producerEpoch: int16(),
      groupId: string(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
    },
  },
)
