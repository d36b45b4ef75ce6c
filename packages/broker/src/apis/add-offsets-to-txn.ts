/**
 * AddOffsetsToTxn: the offsets of a group join a transaction, which is to say the partition that keeps them does. v2 knows PRODUCER_FENCED.
 * Clients that know KIP-890 do without it: TxnOffsetCommit v5 joins by itself.
 */

import { addOffsetsToTxn, errorCode, KafkaError } from '@ottla/protocol'
import { offsetsTopicName } from '../groups/coordinator.ts'
import { fencingErrorCode } from './fencing-error.ts'
import { handler } from './handler.ts'

const firstProducerFencedVersion = 2

export const addOffsetsToTxnHandler = handler(
  addOffsetsToTxn,
  async ({ request, broker }) => {
    const { transactionalId, producerEpoch, groupId } = request
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
    const { partition } = await broker.groups.shard(groupId)
    await broker.transactions.addPartitions({
      transactionalId,
      producer: { producerId: Number(request.producerId), producerEpoch },
      partitions: [{ topic: offsetsTopicName, partition }],
      clientVersion: 0,
    })
    return { errorCode: errorCode('NONE') }
  },
  {
    refuse: ({ errorName, version }) => ({
      errorCode: fencingErrorCode(errorName, { knowsProducerFenced: version >= firstProducerFencedVersion }),
    }),
  },
)
