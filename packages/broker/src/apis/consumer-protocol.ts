/** Whether members of consumer groups are served: the feature `group.version` can be lowered, and then they are not. */

import { KafkaError } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'

/** Throws KafkaError UNSUPPORTED_VERSION while the feature is switched off. */
export function requireConsumerProtocol({ metadata }: BrokerServices): void {
  if (metadata.features.has('group.version')) return
  throw new KafkaError('UNSUPPORTED_VERSION', 'The version of API is not supported.')
}
