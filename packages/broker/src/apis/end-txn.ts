/**
 * EndTxn: commits or aborts a transaction; answered when that is decided and stored. v2 knows PRODUCER_FENCED, v5 gives the producer a new
 * epoch with every end, which the answer carries (KIP-890), and lets it abort what has not begun.
 */

import { endTxn, errorCode, KafkaError } from '@ottla/protocol'
import { epochBumpVersion } from '../transactions/transaction.ts'
import { fencingErrorCode } from './fencing-error.ts'
import { handler } from './handler.ts'

const firstProducerFencedVersion = 2
const firstEpochBumpVersion = 5

export const endTxnHandler = handler(
  endTxn,
  async ({ request, version, broker }) => {
    const { transactionalId, producerEpoch, committed } = request
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'A transactional id must not be empty')
    const next = await broker.transactions.end({
      transactionalId,
      producer: { producerId: Number(request.producerId), producerEpoch },
      end: committed ? 'commit' : 'abort',
      clientVersion: version >= firstEpochBumpVersion ? epochBumpVersion : 0,
    })
    return { errorCode: errorCode('NONE'), producerId: next.producerId, producerEpoch: next.producerEpoch }
  },
  {
    refuse: ({ errorName, version }) => ({
      errorCode: fencingErrorCode(errorName, { knowsProducerFenced: version >= firstProducerFencedVersion }),
    }),
  },
)
