/**
 * InitProducerId: an id for an idempotent producer. v3 lets a producer name the id and epoch it has (KIP-360): without
 * transactions it simply gets a new one, as from Kafka. v4 knows PRODUCER_FENCED.
 * With a transactional id it fences whoever worked under that id before, and aborts what that one had open.
 */

import { initProducerId, KafkaError } from '@ottla/protocol'
import { fencingErrorCode } from './fencing-error.ts'
import { handler } from './handler.ts'

const firstProducerFencedVersion = 4

export const initProducerIdHandler = handler(
  initProducerId,
  async ({ request, broker }) => {
    const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
    // Both or neither (KafkaApis): an id without its epoch says nothing.
    if ((producerId === -1n) !== (producerEpoch === -1)) {
      throw new KafkaError('INVALID_REQUEST', 'Producer id and producer epoch must be given together')
    }
    if (transactionalId !== null) {
      const expected = producerId === -1n ? null : { producerId: Number(producerId), producerEpoch }
      return { errorCode: 0, ...(await broker.transactions.initialise({ transactionalId, timeoutMs, expected })) }
    }
    return { errorCode: 0, producerId: await broker.producerIds.next(), producerEpoch: 0 }
  },
  {
    refuse: ({ errorName, version }) => ({
      errorCode: fencingErrorCode(errorName, { knowsProducerFenced: version >= firstProducerFencedVersion }),
      producerId: -1,
      producerEpoch: -1,
    }),
  },
)
