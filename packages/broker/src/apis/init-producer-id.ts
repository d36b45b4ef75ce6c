/**
 * InitProducerId: an id for an idempotent producer. v3 lets a producer name the id and epoch it has (KIP-360): without
 * transactions it simply gets a new one, as from Kafka.
 *
 * Transactions are not part of this version. A transactional id gets TRANSACTIONAL_ID_AUTHORIZATION_FAILED: of all errors the
 * one that clients neither retry nor hide, so that `initTransactions` fails at once instead of waiting for a coordinator.
 */

import { initProducerId, KafkaError } from '@ottla/protocol'
import { handler } from './handler.ts'

export const initProducerIdHandler = handler(
  initProducerId,
  async ({ request, broker }) => {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
    if (transactionalId !== null) {
      throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Transactions are not part of this version')
    }
    // Both or neither (KafkaApis): an id without its epoch says nothing.
    if ((producerId === -1n) !== (producerEpoch === -1)) {
      throw new KafkaError('INVALID_REQUEST', 'Producer id and producer epoch must be given together')
    }
    return { errorCode: 0, producerId: await broker.producerIds.next(), producerEpoch: 0 }
  },
  {
    refuse: ({ errorCode }) => ({ errorCode, producerId: -1, producerEpoch: -1 }),
  },
)
