/**
 * Topics, partitions and configurations of this broker: the operations on them. Each change is checked, made durable in the
 * metadata log, applied, and only then seen by anybody. Changes run one at a time.
 *
 *   create topic: empty partition directories → metadata record durable → visible
 *   delete topic: metadata record durable → invisible → directories removed
 *
 * In that order a crash in between leaves, at worst, directories without a record. They are told apart by their topic id and
 * removed at the next start: empty ones of a topic that never was, and those of a topic that is known to be deleted.
 *
 * Longer than other files because every change passes through here, one at a time.
 */

import type { LogConfig, LogDirectory, PartitionLog } from '@ottla/log'
import { decodeMetadataRecord, KafkaError, randomUuid } from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import type { Settings } from '../settings/settings.ts'
import { checkTopicOverrides, logConfigOf, type TopicOverrides } from '../settings/topic-config.ts'
import type { Clock } from '../time/clock.ts'
import { ChangeQueue } from './change-queue.ts'
import {
  asKafkaError,
  type ConfigChanges,
  type ConfigResource,
  type ConfigResourceType,
  checkConfig,
  type Overrides,
} from './config-resource.ts'
import { checkFeatureUpdates, type FeatureUpdate } from './feature-updates.ts'
import { supportedFeatures } from './features.ts'
import { MetadataImage, type TopicImage } from './metadata-image.ts'
import { MetadataLog } from './metadata-log.ts'
import { PartitionDirectories } from './partition-directories.ts'
import {
  configRecord,
  featureLevelRecord,
  type PartitionPlace,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  removeTopicRecord,
  topicRecord,
} from './records.ts'
import { clusterMetadataTopic, collisionKey, isInternalTopic, topicNameProblem } from './topic-name.ts'

/** A topic as it is visible now. Immutable: a change makes a new one. */
export interface Topic {
  readonly name: string
  readonly id: string
  /** Partitions are 0 to this, exclusive. */
  readonly partitionCount: number
  readonly overrides: TopicOverrides
  /** What is in force for its logs. */
  readonly config: LogConfig
  readonly isInternal: boolean
}

export interface NewTopic {
  readonly name: string
  readonly partitionCount: number
  readonly overrides?: TopicOverrides
}

export interface MetadataOptions {
  readonly logs: LogDirectory
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly nodeId: number
  readonly randomBytes: (count: number) => Buffer
}

/** What shall change, of what is set now. May throw KafkaError. */
export type ChangesOf = (overrides: Overrides) => ConfigChanges

/** Replaying as much takes some tens of milliseconds; Kafka's 20 MiB would take a second of each start. */
const snapshotAfterBytes = 1024 * 1024

/** Kafka's limit against requests that would create millions of files: partitions that one request may add. */
const maxPartitionsOfRequest = 10_000

export class Metadata {
  readonly #options: MetadataOptions
  readonly #log: MetadataLog
  readonly #image = new MetadataImage()
  readonly #directories: PartitionDirectories
  readonly #changes = new ChangeQueue()
  readonly #topics = new Map<string, Topic>()
  readonly #topicsById = new Map<string, Topic>()
  readonly #collisionKeys = new Map<string, string>()
  /** Resolves if the metadata log can't be written any more: no change is possible then. */
  readonly failed: Promise<Error>
  readonly #deletedListeners = new Set<(topic: Topic) => void>()
  #brokerEpoch = -1

  /**
   * Reads the metadata log and brings the partition directories in line with it.
   * Rejects with StorageError if the log is damaged.
   */
  static async open(options: MetadataOptions): Promise<Metadata> {
    const { logs, clock, logger, settings } = options
    const log = await MetadataLog.open({ logs, clock, logger, baseConfig: logConfigOf(new Map(), settings) })
    const metadata = new Metadata(options, log)
    for await (const record of log.replay()) metadata.#image.apply(record)
    metadata.#applyDynamicSettings()
    metadata.#refreshAllTopics()
    const isRemoved = (topicId: string): boolean => metadata.#image.isRemoved(topicId)
    await metadata.#directories.align(metadata.#topics.values(), { isRemoved })
    return metadata
  }

  private constructor(options: MetadataOptions, log: MetadataLog) {
    this.#options = options
    this.#log = log
    this.#directories = new PartitionDirectories(options)
    this.failed = log.failed
  }

  /** All topics, in the order of their creation. */
  topics(): Iterable<Topic> {
    return this.#topics.values()
  }

  get topicCount(): number {
    return this.#topics.size
  }

  topic(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  topicById(id: string): Topic | undefined {
    return this.#topicsById.get(id)
  }

  /** Offset after the last change: Kafka's "finalized features epoch". */
  get epoch(): number {
    return this.#log.endOffset
  }

  /** Of this run of the broker; every start registers anew. */
  get brokerEpoch(): number {
    return this.#brokerEpoch
  }

  /** Features in force, by name, with their levels. */
  get features(): ReadonlyMap<string, number> {
    return this.#image.features()
  }

  /** First producer id that no block has taken yet. */
  get nextProducerId(): number {
    return this.#image.nextProducerId
  }

  /** Calls back for each topic that is deleted, once it can't be seen any more. Returns a function that unsubscribes. */
  onTopicDeleted(listener: (topic: Topic) => void): () => void {
    this.#deletedListeners.add(listener)
    return () => this.#deletedListeners.delete(listener)
  }

  /** Why no new topic can have this name, if so: throws KafkaError as CreateTopics answers it. */
  checkNewName(name: string): void {
    if (name === clusterMetadataTopic) {
      throw new KafkaError('INVALID_REQUEST', `Creation of internal topic ${clusterMetadataTopic} is prohibited.`)
    }
    const problem = topicNameProblem(name)
    if (problem !== null) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
    if (this.#topics.has(name)) throw new KafkaError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
    const colliding = this.#collisionKeys.get(collisionKey(name))
    if (colliding !== undefined) {
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${colliding}`)
    }
  }

  newTopicId(): string {
    return randomUuid(this.#options.randomBytes)
  }

  /** As `checkNewName`, for all that is asked of the topic. `createTopic` checks it too; this is for `validateOnly`. */
  checkNewTopic({ name, partitionCount, overrides = new Map() }: NewTopic): void {
    this.checkNewName(name)
    if (partitionCount < 1) {
      throw new KafkaError('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
    }
    if (partitionCount > maxPartitionsOfRequest) {
      throw new KafkaError('POLICY_VIOLATION', 'Excessively large number of partitions per request.')
    }
    asKafkaError('INVALID_CONFIG', () => checkTopicOverrides(overrides, this.#options.settings))
  }

  /** Rejects with KafkaError; the topic is there, with all its partitions, when it resolves. */
  createTopic(topic: NewTopic): Promise<Topic> {
    return this.#changes.run(async () => {
      this.checkNewTopic(topic)
      const { name, partitionCount, overrides = new Map() } = topic
      const id = this.newTopicId()
      const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
      await this.#directories.create({ name, id, config: logConfigOf(overrides, this.#options.settings) }, partitions)
      try {
        await this.#append([
          topicRecord(id, name),
          ...partitions.map(partition => partitionRecord(id, partition, this.#place)),
          ...[...overrides].map(([key, value]) => configRecord({ type: 'topic', name }, key, value)),
        ])
        this.#refreshTopic(name)
      } catch (error) {
        await this.#directories.remove(name, partitions)
        throw error
      }
      return this.#topics.get(name)!
    })
  }

  /** Creates the topic unless it is there; many may ask at the same time. */
  async ensureTopic(topic: NewTopic): Promise<Topic> {
    const existing = this.#topics.get(topic.name)
    if (existing !== undefined) return existing
    try {
      return await this.createTopic(topic)
    } catch (error) {
      const created = this.#topics.get(topic.name)
      if (created !== undefined) return created
      throw error
    }
  }

  /** Rejects with UNKNOWN_TOPIC_ID if the topic is not there (any more). */
  deleteTopic(id: string): Promise<void> {
    return this.#changes.run(async () => {
      const topic = this.#topicsById.get(id)
      if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
      await this.#append([removeTopicRecord(id)])
      this.#hide(topic)
      for (const listener of this.#deletedListeners) listener(topic)
      await this.#directories.remove(topic.name, partitionsOf(topic))
    })
  }

  /** A log that a full disk kept offline since the start is open now: it may be what a crash left of a topic that is not there. */
  logReturned(log: PartitionLog): Promise<void> {
    const { topic, partition, topicId } = log
    return this.#changes.run(async () => {
      const isCurrent = this.#options.logs.get(topic, partition) === log
      const known = this.#topics.get(topic)
      if (!isCurrent || (known?.id === topicId && partition < known.partitionCount)) return
      await this.#directories.removeStray(log, { isRemoved: this.#image.isRemoved(topicId) })
    })
  }

  /** Why the topic can't be given so many partitions: throws KafkaError as CreatePartitions answers it. */
  checkPartitionCount(topic: Topic, count: number): void {
    if (count === topic.partitionCount) {
      throw new KafkaError('INVALID_PARTITIONS', `Topic already has ${count} partition(s).`)
    }
    if (count < topic.partitionCount) {
      throw new KafkaError(
        'INVALID_PARTITIONS',
        `The topic ${topic.name} currently has ${topic.partitionCount} partition(s); ${count} would not be an increase.`,
      )
    }
    if (count - topic.partitionCount > maxPartitionsOfRequest) {
      throw new KafkaError('POLICY_VIOLATION', 'Excessively large number of additional partitions per request.')
    }
  }

  /** Gives a topic more partitions; `count` is the new total. */
  createPartitions(id: string, count: number): Promise<void> {
    return this.#changes.run(async () => {
      const topic = this.#topicsById.get(id)
      if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
      this.checkPartitionCount(topic, count)
      const partitions = Array.from(
        { length: count - topic.partitionCount },
        (_, index) => topic.partitionCount + index,
      )
      await this.#directories.create(topic, partitions)
      try {
        await this.#append(partitions.map(partition => partitionRecord(id, partition, this.#place)))
        this.#refreshTopic(topic.name)
      } catch (error) {
        await this.#directories.remove(topic.name, partitions)
        throw error
      }
    })
  }

  /** What was set for one resource. It need not exist. */
  overrides(resource: ConfigResource): Overrides {
    return this.#image.overrides(resource)
  }

  /** Names of the resources that anything is set for. */
  configured(type: ConfigResourceType): string[] {
    return this.#image.configured(type)
  }

  /** Rejects with KafkaError if `alterConfig` would. */
  async checkConfig(resource: ConfigResource, changesOf: ChangesOf): Promise<void> {
    await this.#checkedChanges(resource, changesOf)
  }

  /**
   * Changes what is set for a resource; `changesOf` gets what is set when it is this change's turn. Rejects with KafkaError
   * INVALID_CONFIG, INVALID_REQUEST or, if there is no such topic (any more), UNKNOWN_TOPIC_OR_PARTITION.
   */
  alterConfig(resource: ConfigResource, changesOf: ChangesOf): Promise<void> {
    return this.#changes.run(async () => {
      const changes = await this.#checkedChanges(resource, changesOf)
      if (changes.size === 0) return
      await this.#append([...changes].map(([name, value]) => configRecord(resource, name, value)))
      if (resource.type === 'topic') this.#refreshTopic(resource.name)
      if (resource.type !== 'broker') return
      this.#applyDynamicSettings()
      this.#refreshAllTopics()
    })
  }

  async #checkedChanges(resource: ConfigResource, changesOf: ChangesOf): Promise<ConfigChanges> {
    const { type, name } = resource
    if (type === 'topic' && !this.#topics.has(name)) {
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
    }
    const overrides = this.overrides(resource)
    const changes = changesOf(overrides)
    await checkConfig(resource, { overrides, changes, settings: this.#options.settings })
    // What was not set need not be removed.
    return new Map([...changes].filter(([setting, value]) => value !== null || overrides.has(setting)))
  }

  /** Throws KafkaError INVALID_UPDATE_VERSION if the levels of features can't be changed so. */
  checkFeatureUpdates(updates: readonly FeatureUpdate[]): void {
    checkFeatureUpdates(updates, { levels: this.features, nodeId: this.#options.nodeId })
  }

  /** Raises and lowers features; rejects as `checkFeatureUpdates` throws. */
  updateFeatures(updates: readonly FeatureUpdate[]): Promise<void> {
    return this.#changes.run(async () => {
      this.checkFeatureUpdates(updates)
      const changed = updates.filter(({ feature, level }) => level !== (this.features.get(feature) ?? 0))
      if (changed.length === 0) return
      await this.#append(changed.map(({ feature, level }) => featureLevelRecord(feature, level)))
    })
  }

  /**
   * Says in the log which broker runs from now on, and fixes the feature levels of a new directory.
   * The broker epoch is the offset of the registration, as in KRaft.
   */
  register(endpoints: readonly { name: string; host: string; port: number }[]): Promise<void> {
    return this.#changes.run(async () => {
      const { settings, randomBytes } = this.#options
      const brokerEpoch = this.#log.endOffset
      const features = supportedFeatures
        .filter(feature => this.#image.feature(feature.name) === undefined && feature.finalizedVersion > 0)
        .map(({ name, finalizedVersion }) => featureLevelRecord(name, finalizedVersion))
      const registration = registerBrokerRecord({
        ...this.#place,
        incarnationId: randomUuid(randomBytes),
        brokerEpoch,
        endpoints,
        rack: settings.get('broker.rack'),
      })
      await this.#append([registration, ...features])
      this.#brokerEpoch = brokerEpoch
    })
  }

  /** Takes the next block of producer ids; durable when it resolves, so no id is ever given twice. */
  takeProducerIds(count: number): Promise<{ first: number; end: number }> {
    return this.#changes.run(async () => {
      const first = this.#image.nextProducerId
      const end = first + count
      const { nodeId } = this.#options
      await this.#append([producerIdsRecord(nodeId, this.#brokerEpoch, end)])
      return { first, end }
    })
  }

  /** Resolves when no change is under way. */
  async whenIdle(): Promise<void> {
    await this.#changes.whenIdle()
  }

  get #place(): PartitionPlace {
    const { nodeId, logs } = this.#options
    return { nodeId, directoryId: logs.directoryId }
  }

  /** Makes one change durable. The image is made of what was written, just as at the next start. */
  async #append(values: readonly Buffer[]): Promise<void> {
    await this.#log.append(values)
    for (const value of values) this.#image.apply(decodeMetadataRecord(value))
    if (this.#log.bytesSinceSnapshot >= this.#maxBytesBetweenSnapshots)
      void this.#changes.run(() => this.#takeSnapshot())
  }

  get #maxBytesBetweenSnapshots(): number {
    return Math.min(this.#options.settings.get('metadata.log.max.record.bytes.between.snapshots'), snapshotAfterBytes)
  }

  /** Not while a directory of a removed topic is left: what tells that it can go is the record of the removal. */
  async #takeSnapshot(): Promise<void> {
    if (this.#log.bytesSinceSnapshot < this.#maxBytesBetweenSnapshots) return
    if (!this.#image.isComplete || this.#directories.hasLeftovers) return
    await this.#log.takeSnapshot(this.#image.records(this.#place))
  }

  /** Broker settings are defaults of every topic. */
  #refreshAllTopics(): void {
    for (const image of this.#image.topics()) this.#show(image)
  }

  #refreshTopic(name: string): void {
    const image = this.#image.topic(name)
    if (image === undefined) throw new Error(`topic ${name} is not in the image that it was added to`)
    this.#show(image)
  }

  #hide({ name, id }: Topic): void {
    this.#topics.delete(name)
    this.#topicsById.delete(id)
    this.#collisionKeys.delete(collisionKey(name))
  }

  #show({ name, id, partitionCount, overrides }: TopicImage): void {
    const { settings, logs } = this.#options
    const topic: Topic = {
      name,
      id,
      partitionCount,
      overrides,
      config: logConfigOf(overrides, settings),
      isInternal: isInternalTopic(name),
    }
    this.#topics.set(name, topic)
    this.#topicsById.set(id, topic)
    this.#collisionKeys.set(collisionKey(name), name)
    for (const partition of partitionsOf(topic)) logs.get(name, partition)?.updateConfig(topic.config)
  }

  #applyDynamicSettings(): void {
    const { settings, nodeId } = this.#options
    settings.setDynamic({
      allBrokers: this.#image.overrides({ type: 'broker', name: '' }),
      thisBroker: this.#image.overrides({ type: 'broker', name: String(nodeId) }),
    })
  }
}

function partitionsOf({ partitionCount }: Topic): number[] {
  return Array.from({ length: partitionCount }, (_, partition) => partition)
}
