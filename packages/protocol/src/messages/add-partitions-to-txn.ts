/**
 * AddPartitionsToTxn: partitions join a transaction before it writes to them (KIP-98).
 * v4 several transactions at once, for brokers only (KIP-890).
 */

import { api, array, boolean, int16, int32, int64, string } from '../schema/index.ts'

export const addPartitionsToTxn = api(
  24,
  'AddPartitionsToTxn',
  { versions: '0-5', flexible: '3+' },
  {
    request: {
      transactions: array(
        {
          transactionalId: string(),
          producerId: int64(),
          producerEpoch: int16(),
          verifyOnly: boolean(),
          topics: array({
            name: string(),
            partitions: array(int32()),
          }),
        },
        { since: 4 },
      ),
      v3AndBelowTransactionalId: string({ until: 3 }),
      v3AndBelowProducerId: int64({ until: 3 }),
      v3AndBelowProducerEpoch: int16({ until: 3 }),
      v3AndBelowTopics: array(
        {
          name: string(),
          partitions: array(int32()),
        },
        { until: 3 },
      ),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16({ since: 4 }),
      resultsByTransaction: array(
        {
          transactionalId: string(),
          topicResults: array({
            name: string(),
            resultsByPartition: array({
              partitionIndex: int32(),
              partitionErrorCode: int16(),
            }),
          }),
        },
        { since: 4 },
      ),
      resultsByTopicV3AndBelow: array(
        {
          name: string(),
          resultsByPartition: array({
            partitionIndex: int32(),
            partitionErrorCode: int16(),
          }),
        },
        { until: 3 },
      ),
    },
  },
)
