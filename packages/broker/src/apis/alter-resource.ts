/** What AlterConfigs and IncrementalAlterConfigs have in common: each resource of a request is changed as a whole, or not at all. */

import { errorCode, KafkaError } from '@ottla/protocol'
import type { ConfigResource, ConfigResourceType } from '../metadata/config-resource.ts'
import type { ChangesOf } from '../metadata/metadata.ts'
import { topicNameProblem } from '../metadata/topic-name.ts'
import type { BrokerServices } from '../services.ts'
import { configResources } from './config-resources.ts'

export interface AskedResource {
  readonly resourceType: number
  readonly resourceName: string
}

export interface ResourceResult extends AskedResource {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export interface ResourceChange<R extends AskedResource> {
  /** Throws KafkaError for what is wrong with the request itself, wherever it is addressed to. */
  readonly check: (asked: R) => void
  readonly changesOf: (asked: R, resource: ConfigResource) => ChangesOf
  readonly validateOnly: boolean
}

export async function alterResources<R extends AskedResource>(
  broker: BrokerServices,
  resources: readonly R[],
  { check, changesOf, validateOnly }: ResourceChange<R>,
): Promise<ResourceResult[]> {
  const keyOf = ({ resourceType, resourceName }: AskedResource): string => `${resourceType}/${resourceName}`
  const counts = new Map<string, number>()
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1)
  const results: ResourceResult[] = []
  for (const asked of resources) {
    results.push(
      await resultOf(asked, async () => {
        if (counts.get(keyOf(asked)) !== 1) {
          throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.')
        }
        check(asked)
        const resource = findResource(broker, asked)
        if (validateOnly) await broker.metadata.checkConfig(resource, changesOf(asked, resource))
        else await broker.metadata.alterConfig(resource, changesOf(asked, resource))
      }),
    )
  }
  return results
}

async function resultOf(
  { resourceType, resourceName }: AskedResource,
  act: () => Promise<void>,
): Promise<ResourceResult> {
  try {
    await act()
    return { errorCode: 0, errorMessage: null, resourceType, resourceName }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { errorCode: errorCode(error.errorName), errorMessage: error.message, resourceType, resourceName }
  }
}

/** The same refusal for each resource. */
export function refuseResources(
  resources: readonly AskedResource[],
  refusal: { errorCode: number; errorMessage: string },
): ResourceResult[] {
  const { errorCode, errorMessage } = refusal
  return resources.map(({ resourceType, resourceName }) => ({ errorCode, errorMessage, resourceType, resourceName }))
}

/** Throws KafkaError if nothing of that kind and name can be configured. */
function findResource(broker: BrokerServices, { resourceType, resourceName: name }: AskedResource): ConfigResource {
  const type = resourceTypes.get(resourceType)
  if (type === undefined) throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
  if (type === 'topic') checkTopicName(broker, name)
  if (type === 'broker') checkBrokerId(broker, name)
  return { type, name }
}

const resourceTypes: ReadonlyMap<number, ConfigResourceType> = new Map([
  [configResources.topic, 'topic'],
  [configResources.broker, 'broker'],
  [configResources.clientMetrics, 'clientMetrics'],
  [configResources.group, 'group'],
])

function checkTopicName({ metadata }: BrokerServices, name: string): void {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Default topic resources are not allowed.')
  const problem = topicNameProblem(name)
  if (problem !== null) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
  if (metadata.topic(name) === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
  }
}

/** The empty name stands for all brokers. */
function checkBrokerId({ nodeId }: BrokerServices, name: string): void {
  if (name === '') return
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`)
  }
  if (name !== String(nodeId)) {
    throw new KafkaError('INVALID_REQUEST', `Unexpected broker id, expected ${nodeId}, but received ${name}`)
  }
}
