/** AllocateProducerIds: a broker gets a block of producer ids from the controller (KIP-730). */

import { api, int16, int32, int64 } from '../schema/index.ts'

export const allocateProducerIds = api(
  67,
  'AllocateProducerIds',
  { versions: '0', flexible: '0+' },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: int64({ default: -1n }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      producerIdStart: int64(),
      producerIdLen: int32(),
    },
  },
)
