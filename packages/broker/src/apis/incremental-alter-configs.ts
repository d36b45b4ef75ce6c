/**
 * IncrementalAlterConfigs (KIP-339): sets, removes, extends and shortens single settings of topics and of the running broker.
 * All changes of one resource take effect or none. What was changed of the broker outlives a restart, above its file.
 */

import { errorCode, incrementalAlterConfigs, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import type { ConfigChanges } from '../metadata/metadata.ts'
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
    const byResource = new Map<string, Resource[]>()
    for (const resource of request.resources) {
      const key = `${resource.resourceType}/${resource.resourceName}`
      byResource.set(key, [...(byResource.get(key) ?? []), resource])
    }
    const responses: Result[] = []
    for (const [resource, ...repeated] of byResource.values()) {
      const options = { isRepeated: repeated.length > 0, validateOnly: request.validateOnly }
      responses.push(await alter(broker, resource!, options))
    }
    return { responses }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      responses: request.resources.map(({ resourceType, resourceName }) => ({ errorCode, errorMessage, resourceType, resourceName })),
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
    else throw new KafkaError('INVALID_REQUEST', `Unsupported resource type: ${resourceType}`)
    return { errorCode: 0, errorMessage: null, resourceType, resourceName }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { errorCode: errorCode(error.errorName), errorMessage: error.message, resourceType, resourceName }
  }
}

function checkNames({ configs }: Resource): void {
  const names = new Set<string>()
  for (const { name, configOperation, value } of configs) {
    if (names.has(name)) throw new KafkaError('INVALID_REQUEST', `Error due to duplicate config keys: ${name}`)
    names.add(name)
    if (value === null && configOperation !== operations.delete) {
      throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${name}`)
    }
  }
}

async function alterTopic({ metadata, settings }: BrokerServices, { resourceName, configs }: Resource, validateOnly: boolean): Promise<void> {
  const topic = metadata.topic(resourceName)
  if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resourceName}' does not exist.`)
  const changes = changesOf(configs, {
    isList: name => isTopicSettingName(name) && topicSettingFact(name).type === 'list',
    current: name => (isTopicSettingName(name) ? textInForce(name, topic.overrides, settings).text : ''),
  })
  if (validateOnly) metadata.checkTopicConfig(resourceName, changes)
  else await metadata.alterTopicConfig(resourceName, changes)
}

async function alterBroker({ metadata, settings, nodeId }: BrokerServices, { resourceName, configs }: Resource, validateOnly: boolean): Promise<void> {
  if (resourceName !== '' && resourceName !== String(nodeId)) {
    throw new KafkaError('INVALID_REQUEST', `Unexpected broker id, expected ${nodeId} or empty string, but received ${resourceName}`)
  }
  const changes = changesOf(configs, {
    isList: name => brokerSettings.get(name)?.type === 'list',
    current: name => settings.entries(name)[0]?.text ?? '',
  })
  if (validateOnly) metadata.checkBrokerConfig(changes)
  else await metadata.alterBrokerConfig(resourceName, changes)
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
      if (!isList(name)) throw new KafkaError('INVALID_CONFIG', `Can't append or subtract: ${name} is not a list`)
      const items = current(name).split(',').filter(item => item !== '')
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
