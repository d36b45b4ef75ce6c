/**
 * DescribeConfigs: settings of topics, groups, subscriptions to clients' metrics and the broker, where each value comes from (KIP-226),
 * from v3 with type and documentation (KIP-569). All of Kafka's settings are named; the documentation says which have no effect here.
 */

import { describeConfigs, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import { topicNameProblem } from '../metadata/topic-name.ts'
import type { BrokerServices } from '../services.ts'
import { brokerSettings } from '../settings/broker-settings.ts'
import { clientMetricsSettingNames, clientMetricsSettings } from '../settings/client-metrics-settings.ts'
import { groupConfigEntries, groupSettingNames, groupSettings, isGroupSettingName } from '../settings/group-settings.ts'
import { kafkaBrokerSettings, kafkaGroupSettings } from '../settings/kafka-settings.ts'
import {
  brokerConfigEntries,
  textInForce,
  topicConfigEntries,
  topicSettingFact,
  topicSettingNames,
} from '../settings/topic-config.ts'
import { topicSettings } from '../settings/topic-settings.ts'
import { configResources } from './config-resources.ts'
import { type ConfigFacts, type DescribedConfig, describedConfig, noEffect, type Wanted } from './described-config.ts'
import { handler } from './handler.ts'

type Resource = Request<typeof describeConfigs>['resources'][number]
type Result = ResponseInput<typeof describeConfigs>['results'][number]

export const describeConfigsHandler = handler(
  describeConfigs,
  ({ request, broker }) => ({ results: request.resources.map(resource => describe(broker, resource, request)) }),
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      results: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode,
        errorMessage,
        resourceType,
        resourceName,
        configs: [],
      })),
    }),
  },
)

function describe(broker: BrokerServices, resource: Resource, wanted: Wanted): Result {
  const { resourceType, resourceName, configurationKeys } = resource
  try {
    const all = configsOf(broker, resource, wanted)
    const configs =
      configurationKeys === null || configurationKeys.length === 0
        ? all
        : all.filter(({ name }) => configurationKeys.includes(name))
    return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return {
      errorCode: errorCode(error.errorName),
      errorMessage: error.message,
      resourceType,
      resourceName,
      configs: [],
    }
  }
}

function configsOf(
  broker: BrokerServices,
  { resourceType, resourceName }: Resource,
  wanted: Wanted,
): DescribedConfig[] {
  const facts = factsOf(broker, resourceType, resourceName)
  return facts.map(one => describedConfig(one, wanted))
}

function factsOf(broker: BrokerServices, resourceType: number, name: string): ConfigFacts[] {
  switch (resourceType) {
    case configResources.topic:
      return topicConfigs(broker, name)
    case configResources.group:
      return groupConfigs(broker, name)
    case configResources.clientMetrics:
      return clientMetricsConfigs(broker, name)
    case configResources.broker:
      if (name === '') return defaultBrokerConfigs(broker)
      checkBrokerId(broker, name, `${broker.nodeId} or empty string,`)
      return brokerConfigs(broker)
    case configResources.brokerLogger:
      if (name === '') throw new KafkaError('INVALID_REQUEST', 'Broker id must not be empty')
      checkBrokerId(broker, name, String(broker.nodeId))
      // Kafka's loggers are Log4j's; there are none of that kind here.
      return []
    default:
      throw new KafkaError('INVALID_REQUEST', `Unsupported resource type: ${resourceType}`)
  }
}

function checkBrokerId({ nodeId }: BrokerServices, name: string, expected: string): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  if (name === String(nodeId)) return
  throw new KafkaError('INVALID_REQUEST', `Unexpected broker id, expected ${expected} but received ${name}`)
}

function topicConfigs({ metadata, settings }: BrokerServices, name: string): ConfigFacts[] {
  const problem = topicNameProblem(name)
  if (problem !== null) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
  const topic = metadata.topic(name)
  if (topic === undefined)
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  return topicSettingNames.map(setting => ({
    name: setting,
    type: topicSettingFact(setting).type,
    inForce: textInForce(setting, topic.overrides, settings),
    synonyms: topicConfigEntries(setting, topic.overrides, settings),
    documentation: topicSettings[setting].documentation,
  }))
}

function groupConfigs({ metadata, settings }: BrokerServices, name: string): ConfigFacts[] {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Group name must not be empty')
  const overrides = metadata.overrides({ type: 'group', name })
  return groupSettingNames.map(setting => {
    const synonyms = groupConfigEntries(setting, overrides, settings)
    return {
      name: setting,
      type: kafkaGroupSettings[setting].type,
      inForce: synonyms[0],
      synonyms,
      documentation: isGroupSettingName(setting) ? groupSettings[setting].documentation : noEffect,
    }
  })
}

function clientMetricsConfigs({ metadata }: BrokerServices, name: string): ConfigFacts[] {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Client metrics subscription name must not be empty')
  const overrides = metadata.overrides({ type: 'clientMetrics', name })
  return clientMetricsSettingNames.map(setting => {
    const { type, default: text, documentation } = clientMetricsSettings[setting]
    const override = overrides.get(setting)
    if (override === undefined) {
      return { name: setting, type, documentation, inForce: { source: 'default', text }, synonyms: [] }
    }
    const entry = { name: setting, source: 'clientMetrics', text: override } as const
    return { name: setting, type, documentation, inForce: entry, synonyms: [entry] }
  })
}

/** All that Kafka has; what has no effect here can't be changed. */
function brokerConfigs({ settings }: BrokerServices): ConfigFacts[] {
  return Object.entries(kafkaBrokerSettings).map(([name, fact]) => {
    const used = brokerSettings.get(name)
    return {
      name,
      type: fact.type,
      inForce: settings.entries(name)[0],
      synonyms: brokerConfigEntries(name, settings),
      documentation: used?.documentation ?? noEffect,
      readOnly: used?.isDynamic !== true,
    }
  })
}

/** What was set while running for all brokers: nothing else has that name. */
function defaultBrokerConfigs({ metadata }: BrokerServices): ConfigFacts[] {
  return [...metadata.overrides({ type: 'broker', name: '' })].flatMap(([name, text]) => {
    const setting = brokerSettings.get(name)
    if (setting === undefined) return []
    const entry = { name, source: 'dynamicDefault', text } as const
    return [{ name, type: setting.type, inForce: entry, synonyms: [entry], documentation: setting.documentation }]
  })
}
