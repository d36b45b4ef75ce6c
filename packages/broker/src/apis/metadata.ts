/**
 * Metadata: brokers, topics, partitions, and, where setting and request allow it, topics created by asking for them.
 *
 * v1 null asks for all topics (v0: an empty list), v4 the client may forbid creation, v8 authorized operations (KIP-430),
 * v10 topic ids in the answer, v12 in the request (KIP-516), v13 an error for the whole request. Unlike Kafka, which answers
 * "unknown" until a topic is created, this answers when it is there: the client need not ask twice.
 */

import {
  type ErrorName,
  errorCode,
  KafkaError,
  metadata,
  type Request,
  type ResponseInput,
  zeroUuid,
} from '@ottla/protocol'
import type { Topic } from '../metadata/metadata.ts'
import { clusterMetadataTopic, isInternalTopic, topicNameProblem } from '../metadata/topic-name.ts'
import { addressFor } from '../network/listener-address.ts'
import type { BrokerServices } from '../services.ts'
import { clusterOperations, operationsNotAsked, topicOperations } from './authorized-operations.ts'
import { checkReplicationFactor } from './create-topics.ts'
import { handler } from './handler.ts'

type MetadataRequest = Request<typeof metadata>
type TopicAnswer = ResponseInput<typeof metadata>['topics'][number]

const firstTopicIdVersion = 12

export const metadataHandler = handler(
  metadata,
  async ({ request, version, broker, connection }) => {
    checkNames(request, version)
    const { host, port } = addressFor(connection, broker.advertisedListeners)
    const operations = request.includeTopicAuthorizedOperations ? topicOperations : operationsNotAsked
    return {
      brokers: [{ nodeId: broker.nodeId, host, port, rack: broker.settings.get('broker.rack') }],
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      topics: await topicAnswers(broker, request, { version, operations }),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
    }
  },
  {
    refuse: ({ request, errorCode }) => ({
      errorCode,
      brokers: [],
      topics: (request.topics ?? []).map(({ topicId, name }) => ({
        errorCode,
        name: name ?? '',
        topicId,
        partitions: [],
      })),
    }),
  },
)

function checkNames({ topics }: MetadataRequest, version: number): void {
  if (version >= firstTopicIdVersion) return
  for (const { name, topicId } of topics ?? []) {
    if (name === null) throw new KafkaError('INVALID_REQUEST', `Metadata v${version} does not support null topic names`)
    if (topicId !== zeroUuid) throw new KafkaError('INVALID_REQUEST', `Metadata v${version} does not support topic ids`)
  }
}

interface Asked {
  readonly version: number
  readonly operations: number
}

async function topicAnswers(broker: BrokerServices, request: MetadataRequest, asked: Asked): Promise<TopicAnswer[]> {
  const { topics } = request
  if (topics === null || (asked.version === 0 && topics.length === 0)) {
    return [...broker.metadata.topics()].map(topic => describe(broker, topic, asked))
  }
  const ids = new Set(topics.map(({ topicId }) => topicId).filter(id => id !== zeroUuid))
  if (ids.size > 0) return [...ids].map(id => answerById(broker, id, asked))

  const names = new Set(topics.map(({ name }) => name ?? ''))
  const mayCreate = request.allowAutoTopicCreation && broker.settings.get('auto.create.topics.enable')
  const answers: TopicAnswer[] = []
  for (const name of names) {
    const topic = broker.metadata.topic(name)
    if (topic !== undefined) answers.push(describe(broker, topic, asked))
    else answers.push(await answerUnknown(broker, name, { ...asked, mayCreate }))
  }
  return answers
}

function answerById(broker: BrokerServices, id: string, asked: Asked): TopicAnswer {
  const topic = broker.metadata.topicById(id)
  if (topic !== undefined) return describe(broker, topic, asked)
  return { errorCode: errorCode('UNKNOWN_TOPIC_ID'), name: null, topicId: id, partitions: [] }
}

async function answerUnknown(
  broker: BrokerServices,
  name: string,
  asked: Asked & { mayCreate: boolean },
): Promise<TopicAnswer> {
  const refused = (error: ErrorName): TopicAnswer => ({
    errorCode: errorCode(error),
    name,
    isInternal: isInternalTopic(name),
    partitions: [],
  })
  if (topicNameProblem(name) !== null) return refused('INVALID_TOPIC_EXCEPTION')
  if (!asked.mayCreate || isInternalTopic(name) || name === clusterMetadataTopic)
    return refused('UNKNOWN_TOPIC_OR_PARTITION')
  try {
    checkReplicationFactor(broker.settings.get('default.replication.factor'))
    const topic = await broker.metadata.ensureTopic({ name, partitionCount: broker.settings.get('num.partitions') })
    broker.logger.info(
      { topic: name, partitions: topic.partitionCount },
      'created a topic because a client asked for it',
    )
    return describe(broker, topic, asked)
  } catch (error) {
    if (error instanceof KafkaError) return refused(error.errorName)
    throw error
  }
}

function describe({ nodeId, logs }: BrokerServices, topic: Topic, { operations }: Asked): TopicAnswer {
  const replicas = [nodeId]
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: Array.from({ length: topic.partitionCount }, (_, partitionIndex) => {
      const log = logs.get(topic.name, partitionIndex)
      const isOnline = log !== undefined && !log.isOffline
      return {
        errorCode: isOnline ? 0 : errorCode('LEADER_NOT_AVAILABLE'),
        partitionIndex,
        leaderId: isOnline ? nodeId : -1,
        leaderEpoch: log?.leaderEpoch ?? -1,
        replicaNodes: replicas,
        isrNodes: replicas,
        offlineReplicas: isOnline ? [] : replicas,
      }
    }),
    topicAuthorizedOperations: operations,
  }
}
