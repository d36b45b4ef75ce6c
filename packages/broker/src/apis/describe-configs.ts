/**
 * DescribeConfigs: settings of topics, consumer groups and the broker, where each value comes from (KIP-226), from v3 with type and
 * documentation (KIP-569). Of the broker only settings that have an effect here are named. Values of passwords are never told.
 */

import { describeConfigs, errorCode, KafkaError, type Request, type ResponseInput } from '@ottla/protocol'
import { topicNameProblem } from '../metadata/topic-name.ts'
import type { BrokerServices } from '../services.ts'
import { brokerSettings } from '../settings/broker-settings.ts'
import { groupConfigEntries, groupSettingNames, groupSettings } from '../settings/group-settings.ts'
import type { SettingType } from '../settings/setting.ts'
import {
  brokerConfigEntries,
  textInForce,
  topicConfigEntries,
  topicSettingFact,
  topicSettingNames,
} from '../settings/topic-config.ts'
import { topicSettings } from '../settings/topic-settings.ts'
import { configResources, configSourceCodes } from './config-resources.ts'
import { handler } from './handler.ts'

type Resource = Request<typeof describeConfigs>['resources'][number]
type Result = ResponseInput<typeof describeConfigs>['results'][number]
type ConfigAnswer = Result['configs'][number]

interface Wanted {
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
}

/** Kafka's codes (`ConfigType`); it knows no uint, and tells passwords apart. */
const typeCodes: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

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

function configsOf(broker: BrokerServices, { resourceType, resourceName }: Resource, wanted: Wanted): ConfigAnswer[] {
  if (resourceType === configResources.topic) return topicConfigs(broker, resourceName, wanted)
  if (resourceType === configResources.group) return groupConfigs(broker, resourceName, wanted)
  if (resourceType !== configResources.broker) {
    throw new KafkaError('INVALID_REQUEST', `Unsupported resource type: ${resourceType}`)
  }
  if (resourceName === '') return defaultBrokerConfigs(broker, wanted)
  if (!/^[+-]?\d+$/.test(resourceName)) {
    throw new KafkaError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${resourceName}`)
  }
  if (resourceName !== String(broker.nodeId)) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unexpected broker id, expected ${broker.nodeId} or empty string, but received ${resourceName}`,
    )
  }
  return brokerConfigs(broker, wanted)
}

function topicConfigs({ metadata, settings }: BrokerServices, name: string, wanted: Wanted): ConfigAnswer[] {
  const problem = topicNameProblem(name)
  if (problem !== null) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
  const topic = metadata.topic(name)
  if (topic === undefined)
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  return topicSettingNames.map(setting => {
    const { text, source } = textInForce(setting, topic.overrides, settings)
    const synonyms = topicConfigEntries(setting, topic.overrides, settings)
    return {
      name: setting,
      value: text,
      readOnly: false,
      configSource: configSourceCodes[source],
      isSensitive: false,
      synonyms: wanted.includeSynonyms ? synonyms.map(entry => synonym(entry.name, entry)) : [],
      configType: typeCodes[topicSettingFact(setting).type],
      documentation: wanted.includeDocumentation ? topicSettings[setting].documentation : null,
    }
  })
}

function groupConfigs({ metadata, settings }: BrokerServices, groupId: string, wanted: Wanted): ConfigAnswer[] {
  if (groupId === '') throw new KafkaError('INVALID_REQUEST', 'Group name must not be empty')
  return groupSettingNames.map(name => {
    const entries = groupConfigEntries(name, metadata.groupOverrides(groupId), settings)
    const [inForce = { source: 'default' as const, text: null }] = entries
    return {
      name,
      value: inForce.text,
      readOnly: false,
      configSource: configSourceCodes[inForce.source],
      isSensitive: false,
      synonyms: wanted.includeSynonyms ? entries.map(entry => synonym(entry.name, entry)) : [],
      configType: typeCodes[groupSettings[name].type],
      documentation: wanted.includeDocumentation ? groupSettings[name].documentation : null,
    }
  })
}

function brokerConfigs({ settings }: BrokerServices, wanted: Wanted): ConfigAnswer[] {
  return [...brokerSettings].map(([name, setting]) => {
    const isSensitive = setting.type === 'password'
    const [inForce = { source: 'default' as const, text: null }] = settings.entries(name)
    const told = (text: string | null): string | null => (isSensitive ? null : text)
    return {
      name,
      value: told(inForce.text),
      readOnly: !setting.isDynamic,
      configSource: configSourceCodes[inForce.source],
      isSensitive,
      synonyms: wanted.includeSynonyms
        ? brokerConfigEntries(name, settings).map(entry => synonym(entry.name, { ...entry, text: told(entry.text) }))
        : [],
      configType: typeCodes[setting.type],
      documentation: wanted.includeDocumentation ? setting.documentation : null,
    }
  })
}

/** What was set while running for all brokers: nothing else has that name. */
function defaultBrokerConfigs({ metadata }: BrokerServices, wanted: Wanted): ConfigAnswer[] {
  return [...metadata.brokerOverrides('')].flatMap(([name, text]) => {
    const setting = brokerSettings.get(name)
    if (setting === undefined) return []
    return {
      name,
      value: text,
      readOnly: false,
      configSource: configSourceCodes.dynamicDefault,
      isSensitive: false,
      synonyms: wanted.includeSynonyms ? [synonym(name, { source: 'dynamicDefault', text })] : [],
      configType: typeCodes[setting.type],
      documentation: wanted.includeDocumentation ? setting.documentation : null,
    }
  })
}

function synonym(name: string, { source, text }: { source: keyof typeof configSourceCodes; text: string | null }) {
  return { name, value: text, source: configSourceCodes[source] }
}
