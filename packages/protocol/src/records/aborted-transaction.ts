/** An entry of a `.txnindex` file. In the file each entry is preceded by an int16 version. */

import { int64, message } from '../schema/index.ts'

export const abortedTxn = message(
  'AbortedTxn',
  { versions: '0' },
  {
    producerId: int64(),
    firstOffset: int64(),
    lastOffset: int64(),
    lastStableOffset: int64(),
  },
)
