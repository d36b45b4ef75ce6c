/**
 * IncrementalAlterConfigs (KIP-339): sets, removes, extends and shortens single settings of topics, groups, subscriptions to clients'
 * metrics and the broker. What was changed of the broker outlives a restart, above its file.
 */

import { incrementalAlterConfigs, KafkaError, type Request } from '@ottla/protocol'
import type { ConfigChanges, ConfigResource, Overrides } from '../metadata/config-resource.ts'
import type { BrokerServices } from '../services.ts'
import { brokerSettings } from '../settings/broker-settings.ts'
import { isTopicSettingName, textInForce, topicSettingFact } from '../settings/topic-config.ts'
import { alterResources, refuseResources } from './alter-resource.ts'
import { configResources } from './config-resources.ts'
import { handler } from './handler.ts'

type Resource = Request<typeof incrementalAlterConfigs>['resources'][number]

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export const incrementalAlterConfigsHandler = handler(
  incrementalAlterConfigs,
  async ({ request, broker }) => ({
    responses: await alterResources(broker, request.resources, {
      check,
      changesOf: (asked, resource) => overrides => changesOf(asked, listsOf(broker, resource, overrides)),
      validateOnly: request.validateOnly,
    }),
  }),
  { refuse: ({ request, ...refusal }) => ({ responses: refuseResources(request.resources, refusal) }) },
)

function check({ resourceType, configs }: Resource): void {
  const names = new Set<string>()
  for (const { name, configOperation, value } of configs) {
    if (names.has(name)) throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
    names.add(name)
    if (value === null && configOperation !== operations.delete) {
      throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${name}`)
    }
    // Kafka's loggers are Log4j's; there are none of that kind here.
    if (resourceType === configResources.brokerLogger) {
      throw new KafkaError('INVALID_CONFIG', `Logger ${name} does not exist!`)
    }
  }
}

interface Lists {
  readonly isList: (name: string) => boolean
  /** Text in force. */
  readonly current: (name: string) => string
}

/** Which settings of the resource can be extended and shortened. Of groups and client metrics Kafka takes none for a list. */
function listsOf({ settings }: BrokerServices, { type }: ConfigResource, overrides: Overrides): Lists {
  if (type === 'topic') {
    return {
      isList: name => isTopicSettingName(name) && topicSettingFact(name).type === 'list',
      current: name => (isTopicSettingName(name) ? textInForce(name, overrides, settings).text : ''),
    }
  }
  if (type === 'broker') {
    return {
      isList: name => brokerSettings.get(name)?.type === 'list',
      current: name => settings.entries(name)[0]?.text ?? '',
    }
  }
  return { isList: () => false, current: () => '' }
}

function changesOf({ configs }: Resource, { isList, current }: Lists): ConfigChanges {
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
      const added = changed.filter(item => !items.includes(item))
      changes.set(name, (operation === 'APPEND' ? [...items, ...added] : kept).join(','))
    } else {
      throw new KafkaError('INVALID_REQUEST', `Unknown operation ${configOperation} for ${name}`)
    }
  }
  return changes
}
