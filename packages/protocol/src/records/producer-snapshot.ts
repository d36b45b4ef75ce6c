/**
 * A `.snapshot` file: the state of every producer of a partition at one offset. In the file an int16 version stands
 * before it.
 */

import { array, int16, int32, int64, message, uint32 } from '../schema/index.ts'

export const producerSnapshot = message(
  'ProducerSnapshot',
  { versions: '1' },
  {
    crc: uint32(),
    producerEntries: array({
      producerId: int64(),
      epoch: int16(),
      lastSequence: int32(),
      lastOffset: int64(),
      offsetDelta: int32(),
      timestamp: int64(),
      coordinatorEpoch: int32(),
      currentTxnFirstOffset: int64(),
    }),
  },
)
