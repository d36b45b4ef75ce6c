/** PRODUCER_FENCED came late (KIP-588): older versions of an API say INVALID_PRODUCER_EPOCH instead. */

import { type ErrorName, errorCode } from '@ottla/protocol'

export function fencingErrorCode(name: ErrorName, { knowsProducerFenced }: { knowsProducerFenced: boolean }): number {
  return errorCode(name === 'PRODUCER_FENCED' && !knowsProducerFenced ? 'INVALID_PRODUCER_EPOCH' : name)
}
