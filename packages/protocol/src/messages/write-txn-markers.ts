/**
 * WriteTxnMarkers: the coordinator of a transaction has its outcome written into the partitions (KIP-98).
 * v2 the transaction version that the marker belongs to.
 */

import { api, array, boolean, int8, int16, int32, int64, string } from '../schema/index.ts'

export const writeTxnMarkers = api(
  27,
  'WriteTxnMarkers',
  { versions: '1-2', flexible: '1+' },
  {
    request: {
      markers: array({
        producerId: int64(),
        producerEpoch: int16(),
        transactionResult: boolean(),
        topics: array({
          name: string(),
          partitionIndexes: array(int32()),
        }),
        coordinatorEpoch: int32(),
        transactionVersion: int8({ since: 2 }),
      }),
    },
    response: {
      markers: array({
        producerId: int64(),
        topics: array({
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        }),
      }),
    },
  },
)
