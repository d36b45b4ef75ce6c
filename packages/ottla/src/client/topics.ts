/** Topics and settings of a cluster, changed. Looking at topics is `Cluster.topic` and `Cluster.topics`. */

import {
  createTopics,
  deleteTopics,
  describeConfigs,
  errorName,
  incrementalAlterConfigs,
  zeroUuid,
} from '@ottla/protocol'
import { type Cluster, check } from './cluster.ts'
import { NotFoundError, RefusedError } from './errors.ts'

export interface NewTopic {
  readonly name: string
  /** -1: the cluster's default. */
  readonly partitions: number
  /** -1: the cluster's default. */
  readonly replicas: number
  readonly configs: ReadonlyMap<string, string>
}

export async function createTopic(cluster: Cluster, { name, partitions, replicas, configs }: NewTopic): Promise<void> {
  await onController(cluster, async nodeId => {
    const { topics } = await cluster.node(nodeId, createTopics, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: replicas,
          assignments: [],
          configs: [...configs].map(([name, value]) => ({ name, value })),
        },
      ],
      validateOnly: false,
      timeoutMs: cluster.timeoutMs,
    })
    const { errorCode, errorMessage } = topics[0]!
    if (errorName(errorCode) === 'TOPIC_ALREADY_EXISTS') throw new RefusedError(`The topic ${name} exists already`)
    check(errorCode, errorMessage)
  })
}

export async function deleteTopic(cluster: Cluster, name: string): Promise<void> {
  await cluster.topic(name)
  await onController(cluster, async nodeId => {
    const { responses } = await cluster.node(nodeId, deleteTopics, {
      topics: [{ name, topicId: zeroUuid }],
      topicNames: [name],
      timeoutMs: cluster.timeoutMs,
    })
    const { errorCode, errorMessage } = responses[0]!
    if (errorName(errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION') throw new NotFoundError(`There is no topic ${name}`)
    check(errorCode, errorMessage)
  })
}

export const resourceTypes = { topic: 2, broker: 4, group: 32 } as const
export type ResourceType = keyof typeof resourceTypes

export interface Resource {
  readonly type: ResourceType
  readonly name: string
}

export interface ConfigEntry {
  readonly name: string
  /** Null: the cluster keeps it to itself. */
  readonly value: string | null
  /** Set for this resource, and not a default of any kind. */
  readonly isOwn: boolean
  readonly isReadOnly: boolean
}

/** By ConfigSource: of the topic, of this broker, of the group. */
const ownSources: ReadonlySet<number> = new Set([1, 2, 8])

export async function configsOf(cluster: Cluster, resource: Resource): Promise<ConfigEntry[]> {
  return onResource(cluster, resource, async nodeId => {
    const { results } = await cluster.node(nodeId, describeConfigs, {
      resources: [{ resourceType: resourceTypes[resource.type], resourceName: resource.name, configurationKeys: null }],
      includeSynonyms: false,
      includeDocumentation: false,
    })
    const { errorCode, errorMessage, configs } = results[0]!
    notFound(errorCode, resource)
    check(errorCode, errorMessage)
    return configs
      .map(({ name, value, configSource, readOnly }) => ({
        name,
        value,
        isOwn: ownSources.has(configSource),
        isReadOnly: readOnly,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  })
}

const operations = { set: 0, delete: 1 } as const

/** Sets each (text), or takes back what was set (null). */
export async function alterConfigs(
  cluster: Cluster,
  resource: Resource,
  { changes, isDryRun }: { changes: ReadonlyMap<string, string | null>; isDryRun: boolean },
): Promise<void> {
  if (resource.type === 'topic') await cluster.topic(resource.name)
  await onResource(cluster, resource, async nodeId => {
    const { responses } = await cluster.node(nodeId, incrementalAlterConfigs, {
      resources: [
        {
          resourceType: resourceTypes[resource.type],
          resourceName: resource.name,
          configs: [...changes].map(([name, value]) => ({
            name,
            configOperation: value === null ? operations.delete : operations.set,
            value,
          })),
        },
      ],
      validateOnly: isDryRun,
    })
    const { errorCode, errorMessage } = responses[0]!
    notFound(errorCode, resource)
    check(errorCode, errorMessage)
  })
}

function notFound(errorCode: number, { type, name }: Resource): void {
  const missing = ['UNKNOWN_TOPIC_OR_PARTITION', 'GROUP_ID_NOT_FOUND']
  if (missing.includes(errorName(errorCode))) throw new NotFoundError(`There is no ${type} ${name}`)
}

/** A broker's own settings are known to that broker only. */
function onResource<T>(cluster: Cluster, { type, name }: Resource, work: (nodeId: number) => Promise<T>): Promise<T> {
  if (type !== 'broker' || name === '') return onController(cluster, work)
  return cluster.retrying(async () => {
    const { brokers } = await cluster.metadata([])
    const nodeId = Number(name)
    if (!brokers.some(broker => broker.nodeId === nodeId)) throw new NotFoundError(`There is no broker ${name}`)
    return work(nodeId)
  })
}

function onController<T>(cluster: Cluster, work: (nodeId: number) => Promise<T>): Promise<T> {
  return cluster.retrying(async () => work((await cluster.metadata([])).controllerId))
}
