/**
 * ApiVersions: what this server can do, from the table itself. Never fails: a version that is not served is answered in
 * version 0 by the dispatcher, so that any client can find a common one. v3 carries features (KIP-584) and who the client is
 * (KIP-511).
 */

import { apiVersions, KafkaError, produce, type Request, type ResponseInput } from '@ottla/protocol'
import { supportedFeatures } from '../metadata/features.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

/** Names that clients give their software (KIP-511): they end up in logs and metrics. */
const softwareNamePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersionsHandler = handler(
  apiVersions,
  ({ request, version, broker, connection }) => {
    if (version >= 3) {
      const { clientSoftwareName: name, clientSoftwareVersion } = request
      if (!softwareNamePattern.test(name) || !softwareNamePattern.test(clientSoftwareVersion)) {
        throw new KafkaError('INVALID_REQUEST', 'The client software name or version is not valid')
      }
      connection.clientSoftware = { name, version: clientSoftwareVersion }
    }
    checkDestination(request, broker)
    return { errorCode: 0, apiKeys: apiKeys(broker), ...features(broker, version) }
  },
  {
    refuse: ({ errorCode, errorName, broker }) => ({
      errorCode,
      // Only how to ask right (KIP-511); the rest follows then.
      apiKeys:
        errorName === 'UNSUPPORTED_VERSION' ? apiKeys(broker).filter(({ apiKey }) => apiKey === apiVersions.key) : [],
    }),
  },
)

/** v5: the client may say whom it means, cluster and node together; someone else's address may have become ours. */
function checkDestination({ clusterId, nodeId }: Request<typeof apiVersions>, broker: BrokerServices): void {
  if (clusterId === null && nodeId === -1) return
  if (clusterId === null || nodeId === -1)
    throw new KafkaError('INVALID_REQUEST', 'Cluster and node are named together')
  if (clusterId === broker.clusterId && nodeId === broker.nodeId) return
  throw new KafkaError('REBOOTSTRAP_REQUIRED', `This is node ${broker.nodeId} of cluster ${broker.clusterId}`)
}

/**
 * Produce is said to begin at version 0 although 3 is the lowest that is served, as Kafka 4 does (KIP-896): librdkafka takes
 * a server without it for one that knows no compression.
 */
const lowestProduceVersionSaid = 0

function apiKeys({ apis }: BrokerServices): ResponseInput<typeof apiVersions>['apiKeys'] {
  return apis.map(({ key, lowestVersion, highestVersion }) => ({
    apiKey: key,
    minVersion: key === produce.key ? lowestProduceVersionSaid : lowestVersion,
    maxVersion: highestVersion,
  }))
}

/** Before v4 clients do not understand a feature whose lowest version is 0 (KIP-1022). */
const firstZeroMinimumVersion = 4

function features({ metadata }: BrokerServices, version: number): Partial<ResponseInput<typeof apiVersions>> {
  return {
    supportedFeatures: supportedFeatures
      .filter(({ minVersion }) => minVersion > 0 || version >= firstZeroMinimumVersion)
      .map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
    finalizedFeaturesEpoch: metadata.epoch,
    finalizedFeatures: [...metadata.features].map(([name, level]) => ({
      name,
      minVersionLevel: level,
      maxVersionLevel: level,
    })),
  }
}
