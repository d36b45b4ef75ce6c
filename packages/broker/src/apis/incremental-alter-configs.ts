/**
 * IncrementalAlterConfigs (KIP-339): sets, removes, extends and shortens single settings of topics, consumer groups and the broker.
 * All changes of one resource take effect or none. What was changed of the broker outlives a restart, above its file.
 */

import { errorCode, incrementalAlterConfigs, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { ConfigChanges } from '../metadata/config-changes.ts'
import { topicNameProblem } from '../metadata/topic-name.ts'
import type { BrokerServices } from '../services.ts'
import { brokerSettings } from '../settings/broker-settings.ts'
import { isTopicSettingName, textInForce, topicSettingFact } from '../settings/topic-config.ts'
import { configResources } from './config-resources.ts'
import { handler } from './handler.ts'

type Resource = Request<typeof incrementalAlterConfigs>['resources'][number]
type Result = ResponseInput<typeof incrementalAlterConfigs>['responses'][number]

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export const incrementalAlterConfigsHandler = handler(
  incrementalAlterConfigs,
  async ({ request, broker }) => {
    const keyOf = ({ resourceType, resourceName }: Resource): string => `${resourceType}/${resourceName}`
    const counts = new Map<string, number>()
    for (const resource of request.resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1)
    const responses: Result[] = []
    for (const resource of request.resources) {
      const isRepeated = counts.get(keyOf(resource)) !== 1
      responses.push(await alter(broker, resource, { isRepeated, validateOnly: request.validateOnly }))
    }
    return { responses }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      responses: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode,
        errorMessage,
        resourceType,
        resourceName,
      })),
    }),
  },
)

async function alter(
  broker: BrokerServices,
  resource: Resource,
  { isRepeated, validateOnly }: { isRepeated: boolean; validateOnly: boolean },
): Promise<Result> {
  const { resourceType, resourceName } = resource
  try {
    if (isRepeated) throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.')
    checkNames(resource)
    if (resourceType === configResources.topic) await alterTopic(broker, resource, validateOnly)
    else if (resourceType === configResources.broker) await alterBroker(broker, resource, validateOnly)
    else if (resourceType === configResources.group) await alterGroup(broker, resource, validateOnly)
    else throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
    return { errorCode: 0, errorMessage: null, resourceType, resourceName }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { errorCode: errorCode(error.errorName), errorMessage: error.message, resourceType, resourceName }
  }
}

function checkNames({ configs }: Resource): void {
  const names = new Set<string>()
  for (const { name, configOperation, value } of configs) {
    if (names.has(name)) throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
    names.add(name)
    if (value === null && configOperation !== operations.delete) {
      throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${name}`)
    }
  }
}

async function alterTopic(
  { metadata, settings }: BrokerServices,
  { resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<void> {
  if (resourceName === '') throw new KafkaError('INVALID_REQUEST', 'Default topic resources are not allowed.')
  const problem = topicNameProblem(resourceName)
  if (problem !== null) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
  const topic = metadata.topic(resourceName)
  if (topic === undefined)
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resourceName}' does not exist.`)
  const changes = changesOf(configs, {
    isList: name => isTopicSettingName(name) && topicSettingFact(name).type === 'list',
    current: name => (isTopicSettingName(name) ? textInForce(name, topic.overrides, settings).text : ''),
  })
  if (validateOnly) metadata.checkTopicConfig(resourceName, changes)
  else await metadata.alterTopicConfig(resourceName, changes)
}

async function alterBroker(
  { metadata, settings, nodeId }: BrokerServices,
  { resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<void> {
  if (resourceName !== '' && !/^[+-]?\d+$/.test(resourceName)) {
    throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${resourceName}`)
  }
  if (resourceName !== '' && resourceName !== String(nodeId)) {
    throw new KafkaError('INVALID_REQUEST', `Unexpected broker id, expected ${nodeId}, but received ${resourceName}`)
  }
  const changes = changesOf(configs, {
    isList: name => brokerSettings.get(name)?.type === 'list',
    current: name => settings.entries(name)[0]?.text ?? '',
  })
  if (validateOnly) metadata.checkBrokerConfig(changes)
  else await metadata.alterBrokerConfig(resourceName, changes)
}

async function alterGroup(
  { metadata }: BrokerServices,
  { resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<void> {
  // None of them is a list, so nothing is extended or shortened.
  const changes = changesOf(configs, { isList: () => false, current: () => '' })
  if (validateOnly) metadata.checkGroupConfig(resourceName, changes)
  else await metadata.alterGroupConfig(resourceName, changes)
}

interface SettingsOfResource {
  readonly isList: (name: string) => boolean
  readonly current: (name: string) => string
}

function changesOf(configs: Resource['configs'], { isList, current }: SettingsOfResource): ConfigChanges {
  const changes = new Map<string, string | null>()
  for (const { name, configOperation, value } of configs) {
    if (configOperation === operations.set) changes.set(name, value ?? '')
    else if (configOperation === operations.delete) changes.set(name, null)
    else if (configOperation === operations.append || configOperation === operations.subtract) {
      const operation = configOperation === operations.append ? 'APPEND' : 'SUBTRACT'
      if (!isList(name))
        throw new KafkaError('INVALID_CONFIG', `Can't ${operation} to key ${name} because its type is not LIST.`)
      const items = current(name)
        .split(',')
        .filter(item => item !== '')
      const changed = (value ?? '').split(',').map(item => item.trim())
      const kept = items.filter(item => !changed.includes(item))
      const added = configOperation === operations.append ? changed.filter(item => !items.includes(item)) : []
      changes.set(name, configOperation === operations.append ? [...items, ...added].join(',') : kept.join(','))
    } else {
      throw new KafkaError('INVALID_REQUEST', `Unknown operation ${configOperation} for ${name}`)
    }
  }
  return changes
}
