/**
 * What the metadata log says: topics, configurations, features, producer id blocks. Nothing but a fold over its records, in
 * their order: the same log always gives the same image.
 */

import type { MetadataRecord } from '@ottla/protocol'

export interface TopicImage {
  readonly name: string
  readonly id: string
  readonly partitionCount: number
  /** What was set for this topic, by Kafka's names. */
  readonly overrides: ReadonlyMap<string, string>
}

interface MutableTopic {
  name: string
  id: string
  partitions: Set<number>
}

/** Resource types of ConfigRecord (`ConfigResource.Type`). */
export const topicResource = 2
export const brokerResource = 4
export const groupResource = 32

const noOverrides: ReadonlyMap<string, string> = new Map()

export class MetadataImage {
  readonly #topics = new Map<string, MutableTopic>()
  readonly #names = new Map<string, string>()
  readonly #removedTopicIds = new Set<string>()
  readonly #topicOverrides = new Map<string, Map<string, string>>()
  readonly #brokerOverrides = new Map<string, Map<string, string>>()
  readonly #groupOverrides = new Map<string, Map<string, string>>()
  readonly #features = new Map<string, number>()
  #nextProducerId = 0
  #highestBrokerEpoch = -1

  apply({ type, record }: MetadataRecord): void {
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
      case 'configRecord': {
        const ofType = this.#overridesOf(record.resourceType)
        if (ofType === undefined) break
        const overrides = ofType.get(record.resourceName) ?? new Map<string, string>()
        if (record.value === null) overrides.delete(record.name)
        else overrides.set(record.name, record.value)
        ofType.set(record.resourceName, overrides)
        break
      }
      case 'featureLevelRecord':
        if (record.featureLevel === 0) this.#features.delete(record.name)
        else this.#features.set(record.name, record.featureLevel)
        break
      case 'producerIdsRecord':
        this.#nextProducerId = Number(record.nextProducerId)
        break
      case 'registerBrokerRecord':
        this.#highestBrokerEpoch = Math.max(this.#highestBrokerEpoch, Number(record.brokerEpoch))
        break
      default:
        // The other record types describe what a cluster needs and a single node does not have.
        break
    }
  }

  #removeTopic(id: string): void {
    const topic = this.#topics.get(id)
    this.#removedTopicIds.add(id)
    if (topic === undefined) return
    this.#topics.delete(id)
    this.#names.delete(topic.name)
    this.#topicOverrides.delete(topic.name)
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

  /** What was set for one broker, or, under the empty name, for all. */
  brokerOverrides(brokerId: string): ReadonlyMap<string, string> {
    return new Map(this.#brokerOverrides.get(brokerId))
  }

  /** What was set for one consumer group. */
  groupOverrides(groupId: string): ReadonlyMap<string, string> {
    return this.#groupOverrides.get(groupId) ?? noOverrides
  }

  feature(name: string): number | undefined {
    return this.#features.get(name)
  }

  features(): ReadonlyMap<string, number> {
    return new Map(this.#features)
  }

  get nextProducerId(): number {
    return this.#nextProducerId
  }

  /** -1 before the first registration. */
  get highestBrokerEpoch(): number {
    return this.#highestBrokerEpoch
  }

  #overridesOf(resourceType: number): Map<string, Map<string, string>> | undefined {
    if (resourceType === topicResource) return this.#topicOverrides
    if (resourceType === brokerResource) return this.#brokerOverrides
    return resourceType === groupResource ? this.#groupOverrides : undefined
  }

  #imageOf({ name, id, partitions }: MutableTopic): TopicImage {
    return { name, id, partitionCount: partitions.size, overrides: new Map(this.#topicOverrides.get(name)) }
  }
}
