/**
 * CreateTopics: each topic for itself; one that fails does not stop the others. v5 answers with the configuration in force
 * (KIP-525), v7 with the topic id (KIP-516). One node has one replica: a larger replication factor is refused, as a
 * one-broker Kafka refuses it.
 */

import { createTopics, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { NewTopic } from '../metadata/metadata.ts'
import type { BrokerServices } from '../services.ts'
import { type TopicOverrides, textInForce, topicSettingNames } from '../settings/topic-config.ts'
import { configSourceCodes } from './config-resources.ts'
import { handler } from './handler.ts'

type CreatableTopic = Request<typeof createTopics>['topics'][number]
type TopicResult = ResponseInput<typeof createTopics>['topics'][number]

export const createTopicsHandler = handler(
  createTopics,
  async ({ request, broker }) => {
    const counts = new Map<string, number>()
    for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    const names = new Set<string>()
    const unique = request.topics.filter(({ name }) => !names.has(name) && names.add(name))
    const topics = await Promise.all(
      unique.map(topic =>
        counts.get(topic.name) === 1
          ? create(broker, topic, { validateOnly: request.validateOnly })
          : failure(topic.name, new KafkaError('INVALID_REQUEST', 'Duplicate topic name.')),
      ),
    )
    return { topics }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage, configs: [] })),
    }),
  },
)

async function create(
  broker: BrokerServices,
  asked: CreatableTopic,
  { validateOnly }: { validateOnly: boolean },
): Promise<TopicResult> {
  const { name } = asked
  try {
    broker.metadata.checkNewName(name)
    const topic = newTopic(broker, asked)
    const success = {
      name,
      errorCode: 0,
      errorMessage: null,
      numPartitions: topic.partitionCount,
      replicationFactor: 1,
    }
    if (validateOnly) {
      broker.metadata.checkNewTopic(topic)
      // Kafka answers an id here too: one that no topic will have.
      return { ...success, topicId: broker.metadata.newTopicId(), configs: configsInForce(broker, topic.overrides) }
    }
    const created = await broker.metadata.createTopic(topic)
    return { ...success, topicId: created.id, configs: configsInForce(broker, created.overrides) }
  } catch (error) {
    if (error instanceof KafkaError) return failure(name, error)
    broker.logger.error({ topic: name, err: error }, 'a bug: a topic could not be created')
    return failure(name, new KafkaError('UNKNOWN_SERVER_ERROR', 'The topic could not be created'))
  }
}

function failure(name: string, { errorName, message }: KafkaError): TopicResult {
  return { name, errorCode: errorCode(errorName), errorMessage: message, configs: [] }
}

/** What is asked for, with defaults in place. Throws KafkaError. */
function newTopic(
  { settings, nodeId }: BrokerServices,
  asked: CreatableTopic,
): NewTopic & { overrides: TopicOverrides } {
  const overrides = new Map<string, string>()
  for (const { name, value } of asked.configs) {
    if (value === null) throw new KafkaError('INVALID_CONFIG', `Null value not supported for topic configs: ${name}`)
    overrides.set(name, value)
  }
  if (asked.assignments.length > 0) {
    if (asked.replicationFactor !== -1) {
      throw new KafkaError(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but replication factor was not set to -1.',
      )
    }
    if (asked.numPartitions !== -1) {
      throw new KafkaError(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but numPartitions was not set to -1.',
      )
    }
    const indexes = asked.assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b)
    const repeated = indexes.find((partition, index) => partition === indexes[index - 1])
    if (repeated !== undefined) {
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        `Found multiple manual partition assignments for partition ${repeated}`,
      )
    }
    if (indexes.some((partition, index) => partition !== index)) {
      throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', 'partitions should be a consecutive 0-based integer sequence')
    }
    for (const { brokerIds } of asked.assignments) checkAssignment(brokerIds, nodeId)
    return { name: asked.name, partitionCount: asked.assignments.length, overrides }
  }
  const partitionCount = asked.numPartitions === -1 ? settings.get('num.partitions') : asked.numPartitions
  const wanted = asked.replicationFactor
  const replicationFactor = wanted === -1 ? settings.get('default.replication.factor') : wanted
  // Kafka places replicas last: a wrong number of partitions is told before too many replicas are.
  if (replicationFactor < 1 || partitionCount > 0) checkReplicationFactor(replicationFactor)
  return { name: asked.name, partitionCount, overrides }
}

/** Throws KafkaError INVALID_REPLICATION_FACTOR unless it is 1. */
export function checkReplicationFactor(replicationFactor: number): void {
  if (replicationFactor < 1) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (replicationFactor > 1) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.`,
    )
  }
}

/** Throws KafkaError INVALID_REPLICA_ASSIGNMENT unless this broker is the one replica. */
export function checkAssignment(brokerIds: readonly number[], nodeId: number): void {
  if (brokerIds.length === 0) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    )
  }
  if (new Set(brokerIds).size < brokerIds.length) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `The manual partition assignment includes the broker ${brokerIds[0]} more than once.`,
    )
  }
  const stranger = brokerIds.find(id => id !== nodeId)
  if (stranger !== undefined) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `The manual partition assignment includes broker ${stranger}, but no such broker is registered.`,
    )
  }
}

function configsInForce({ settings }: BrokerServices, overrides: TopicOverrides): TopicResult['configs'] {
  return topicSettingNames.map(name => {
    const { text, source } = textInForce(name, overrides, settings)
    return { name, value: text, readOnly: false, configSource: configSourceCodes[source], isSensitive: false }
  })
}
