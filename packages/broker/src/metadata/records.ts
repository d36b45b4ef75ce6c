/** The metadata records that this broker writes, framed, in KRaft's formats. One node is every replica and every leader. */

import { encodeMetadataRecord } from '@ottla/protocol'
import { type ConfigResource, configResourceCodes } from './config-resource.ts'
import { supportedFeatures } from './features.ts'

export function topicRecord(topicId: string, name: string): Buffer {
  return encodeMetadataRecord('topicRecord', { name, topicId }, 0)
}

export interface PartitionPlace {
  readonly nodeId: number
  readonly directoryId: string
}

export function partitionRecord(topicId: string, partitionId: number, { nodeId, directoryId }: PartitionPlace): Buffer {
  return encodeMetadataRecord(
    'partitionRecord',
    {
      partitionId,
      topicId,
      replicas: [nodeId],
      isr: [nodeId],
      removingReplicas: [],
      addingReplicas: [],
      leader: nodeId,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [directoryId],
    },
    1,
  )
}

export function removeTopicRecord(topicId: string): Buffer {
  return encodeMetadataRecord('removeTopicRecord', { topicId }, 0)
}

/** @param value null removes what was set */
export function configRecord(resource: ConfigResource, name: string, value: string | null): Buffer {
  const resourceType = configResourceCodes[resource.type]
  return encodeMetadataRecord('configRecord', { resourceType, resourceName: resource.name, name, value }, 0)
}

export function featureLevelRecord(name: string, featureLevel: number): Buffer {
  return encodeMetadataRecord('featureLevelRecord', { name, featureLevel }, 0)
}

/** Producer ids below `nextProducerId` are taken. */
export function producerIdsRecord(nodeId: number, brokerEpoch: number, nextProducerId: number): Buffer {
  return encodeMetadataRecord('producerIdsRecord', { brokerId: nodeId, brokerEpoch, nextProducerId }, 0)
}

export interface Registration extends PartitionPlace {
  readonly incarnationId: string
  readonly brokerEpoch: number
  readonly endpoints: readonly { name: string; host: string; port: number }[]
  readonly rack: string | null
}

export function registerBrokerRecord(registration: Registration): Buffer {
  const { nodeId, directoryId, incarnationId, brokerEpoch, endpoints, rack } = registration
  return encodeMetadataRecord(
    'registerBrokerRecord',
    {
      brokerId: nodeId,
      incarnationId,
      brokerEpoch,
      endPoints: endpoints.map(({ name, host, port }) => ({ name, host, port, securityProtocol: 0 })),
      features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
        name,
        minSupportedVersion: minVersion,
        maxSupportedVersion: maxVersion,
      })),
      rack,
      fenced: false,
      logDirs: [directoryId],
    },
    3,
  )
}
