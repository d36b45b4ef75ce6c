/**
 * What the metadata log says: topics, configurations, features, producer id blocks. Nothing but a fold over its records, in
 * their order: the same log always gives the same image. And back: `records` says as briefly as can be what the image says, for a
 * snapshot. Whatever `apply` understands has to be in it; where the log has records of other kinds no snapshot may be taken.
 */

import { encodeMetadataRecord, type MetadataRecord } from '@ottla/protocol'
import { type ConfigResource, type ConfigResourceType, configResourceCodes, type Overrides } from './config-resource.ts'
import { featureLevelRecord, type PartitionPlace, partitionRecord, producerIdsRecord, topicRecord } from './records.ts'

export interface TopicImage {
  readonly name: string
  readonly id: string
  readonly partitionCount: number
  readonly overrides: Overrides
}

interface MutableTopic {
  name: string
  id: string
  partitions: Set<number>
}

const noOverrides: Overrides = new Map()

export class MetadataImage {
  readonly #topics = new Map<string, MutableTopic>()
  readonly #names = new Map<string, string>()
  readonly #removedTopicIds = new Set<string>()
  /** By code of the resource's type, and its name. A resource that nothing is set for is not in it. */
  readonly #overrides = new Map<number, Map<string, Map<string, string>>>()
  readonly #features = new Map<string, number>()
  #nextProducerId = 0
  #highestBrokerEpoch = -1
  #registration: Extract<MetadataRecord, { type: 'registerBrokerRecord' }> | undefined
  #isComplete = true

  apply(metadataRecord: MetadataRecord): void {
    const { type, record } = metadataRecord
    switch (type) {
      case 'topicRecord':
        this.#topics.set(record.topicId, { name: record.name, id: record.topicId, partitions: new Set() })
        this.#names.set(record.name, record.topicId)
        break
      case 'partitionRecord':
        this.#topics.get(record.topicId)?.partitions.add(record.partitionId)
        break
      case 'removeTopicRecord':
        this.#removeTopic(record.topicId)
        break
      case 'configRecord':
        this.#setConfig(record)
        break
      case 'featureLevelRecord':
        this.#features.set(record.name, record.featureLevel)
        break
      case 'producerIdsRecord':
        this.#nextProducerId = Number(record.nextProducerId)
        break
      case 'registerBrokerRecord':
        this.#highestBrokerEpoch = Math.max(this.#highestBrokerEpoch, Number(record.brokerEpoch))
        this.#registration = metadataRecord
        break
      case 'noOpRecord':
        break
      default:
        // The other record types describe what a cluster needs and a single node does not have.
        this.#isComplete = false
        break
    }
  }

  #removeTopic(id: string): void {
    const topic = this.#topics.get(id)
    this.#removedTopicIds.add(id)
    if (topic === undefined) return
    this.#topics.delete(id)
    this.#names.delete(topic.name)
    this.#overrides.get(configResourceCodes.topic)?.delete(topic.name)
  }

  #setConfig(config: { resourceType: number; resourceName: string; name: string; value: string | null }): void {
    const { resourceType, resourceName, name, value } = config
    const ofType = this.#overrides.get(resourceType) ?? new Map<string, Map<string, string>>()
    const overrides = new Map(ofType.get(resourceName))
    if (value === null) overrides.delete(name)
    else overrides.set(name, value)
    if (overrides.size > 0) ofType.set(resourceName, overrides)
    else ofType.delete(resourceName)
    this.#overrides.set(resourceType, ofType)
  }

  /** False once a record was applied that the image keeps nothing of: an Apache Kafka has written it. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /**
   * Records that come to this image, framed, in the order in which Kafka writes them. Topics that were removed are not in it.
   * @param place where all partitions are
   */
  *records(place: PartitionPlace): Generator<Buffer> {
    const metadataVersion = 'metadata.version' // says in which versions all others are
    const names = [...this.#features.keys()].sort(
      (a, b) => Number(b === metadataVersion) - Number(a === metadataVersion),
    )
    for (const name of names) yield featureLevelRecord(name, this.#features.get(name)!)
    if (this.#registration) {
      const { type, version, record } = this.#registration
      yield encodeMetadataRecord(type, record, version)
    }
    for (const { id, name, partitions } of this.#topics.values()) {
      yield topicRecord(id, name)
      for (const partition of partitions) yield partitionRecord(id, partition, place)
    }
    for (const [type, resources] of this.#overrides) {
      for (const [name, overrides] of resources) {
        for (const [key, value] of overrides) {
          const config = { resourceType: type, resourceName: name, name: key, value }
          yield encodeMetadataRecord('configRecord', config, 0)
        }
      }
    }
    if (this.#nextProducerId > 0) yield producerIdsRecord(place.nodeId, this.#highestBrokerEpoch, this.#nextProducerId)
  }

  topics(): TopicImage[] {
    return [...this.#topics.values()].map(topic => this.#imageOf(topic))
  }

  topic(name: string): TopicImage | undefined {
    const topic = this.#topics.get(this.#names.get(name) ?? '')
    return topic === undefined ? undefined : this.#imageOf(topic)
  }

  /** True if a topic with this id was there and is deleted: what is left of it on disk can go. */
  isRemoved(topicId: string): boolean {
    return this.#removedTopicIds.has(topicId)
  }

  /** Immutable: a change makes a new map. */
  overrides({ type, name }: ConfigResource): Overrides {
    return this.#overrides.get(configResourceCodes[type])?.get(name) ?? noOverrides
  }

  /** Names of those that anything is set for. */
  configured(type: ConfigResourceType): string[] {
    return [...(this.#overrides.get(configResourceCodes[type])?.keys() ?? [])]
  }

  /** Level 0 means that it was switched off; undefined, that the log says nothing of it. */
  feature(name: string): number | undefined {
    return this.#features.get(name)
  }

  /** Those in force. */
  features(): ReadonlyMap<string, number> {
    return new Map([...this.#features].filter(([, level]) => level > 0))
  }

  get nextProducerId(): number {
    return this.#nextProducerId
  }

  /** -1 before the first registration. */
  get highestBrokerEpoch(): number {
    return this.#highestBrokerEpoch
  }

  #imageOf({ name, id, partitions }: MutableTopic): TopicImage {
    return { name, id, partitionCount: partitions.size, overrides: this.overrides({ type: 'topic', name }) }
  }
}
