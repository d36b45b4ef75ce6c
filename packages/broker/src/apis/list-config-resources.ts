/**
 * ListConfigResources (KIP-714, KIP-1142): names of what has settings. All topics and the broker have; of groups and subscriptions to
 * clients' metrics those that something is set for. Before v1 only the latter can be asked for; asking for none asks for all.
 */

import { KafkaError, listConfigResources } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { configResources } from './config-resources.ts'
import { handler } from './handler.ts'

export const listConfigResourcesHandler = handler(
  listConfigResources,
  ({ request, version, broker }) => {
    const asked = new Set(version === 0 ? [configResources.clientMetrics] : request.resourceTypes)
    const types = asked.size === 0 ? Object.values(configResources) : asked
    return {
      errorCode: 0,
      configResources: [...types].flatMap(resourceType =>
        namesOf(broker, resourceType).map(resourceName => ({ resourceName, resourceType })),
      ),
    }
  },
  { refuse: ({ errorCode }) => ({ errorCode, configResources: [] }) },
)

function namesOf({ metadata, nodeId }: BrokerServices, resourceType: number): string[] {
  switch (resourceType) {
    case configResources.topic:
      return [...metadata.topics()].map(({ name }) => name)
    case configResources.broker:
    case configResources.brokerLogger:
      return [String(nodeId)]
    case configResources.clientMetrics:
      return metadata.configured('clientMetrics')
    case configResources.group:
      return metadata.configured('group')
    default:
      throw new KafkaError('UNSUPPORTED_VERSION', `Unsupported resource type ${resourceType}`)
  }
}
