/**
 * A topic's configuration in force: its own overrides over the broker's settings, and what its logs need of it.
 */

import type { LogConfig } from '@ottla/log'
import { kafkaTopicSettings } from './kafka-settings.ts'
import { parseSetting, SettingError, type SettingFact, type SettingValue } from './setting.ts'
import type { BrokerSettingSource, Settings } from './settings.ts'
import { type TopicSettingName, topicSettings } from './topic-settings.ts'

/** Overrides of one topic, by Kafka's names. */
export type TopicOverrides = ReadonlyMap<string, string>

export interface TopicConfigEntry {
  /** The name under which this value was set: the topic's, or that of a broker setting. */
  readonly name: string
  readonly source: 'topic' | BrokerSettingSource
  readonly text: string
}

export const topicSettingNames = Object.keys(topicSettings) as TopicSettingName[]

export function topicSettingFact(name: TopicSettingName): SettingFact {
  return kafkaTopicSettings[name]
}

export function isTopicSettingName(name: string): name is TopicSettingName {
  return Object.hasOwn(topicSettings, name)
}

/** Empty, all, or partition and broker of each replica. */
const replicaListPattern = /^(\*|(\d+:\d+(,\d+:\d+)*)?)$/

/**
 * Checks a topic's overrides, each by itself and all together.
 * @throws SettingError with Kafka's words
 */
export function checkTopicOverrides(overrides: TopicOverrides, settings: Settings): void {
  for (const [name, text] of overrides) {
    if (!isTopicSettingName(name)) throw new SettingError(`Unknown topic config name: ${name}`)
    parseSetting(name, topicSettingFact(name), text)
    if (name.endsWith('.throttled.replicas') && !replicaListPattern.test(text.trim())) {
      throw new SettingError(
        `Invalid value [${text}] for configuration ${name}: ${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
      )
    }
  }
  if (valueInForce('remote.storage.enable', overrides, settings)) {
    throw new SettingError(
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
  }
  const minLag = Number(valueInForce('min.compaction.lag.ms', overrides, settings))
  const maxLag = Number(valueInForce('max.compaction.lag.ms', overrides, settings))
  if (minLag > maxLag) {
    throw new SettingError(
      `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`,
    )
  }
}

/** The text in force: never null, since every topic setting has a default. */
export function textInForce(name: TopicSettingName, overrides: TopicOverrides, settings: Settings): TopicConfigEntry {
  const override = overrides.get(name)
  if (override !== undefined) return { name, source: 'topic', text: override }
  for (const synonym of topicSettings[name].synonyms) {
    const entry = settings.entries(synonym.name)[0]
    if (entry === undefined) continue
    const text = synonym.factor === undefined ? entry.text : String(Number(entry.text) * synonym.factor)
    return { name: synonym.name, source: entry.source, text }
  }
  const fact = topicSettingFact(name)
  return { name, source: 'default', text: fact.default ?? '' }
}

/** Everything that is set for a name, strongest first, as DescribeConfigs lists synonyms: the override, then broker settings. */
export function topicConfigEntries(
  name: TopicSettingName,
  overrides: TopicOverrides,
  settings: Settings,
): TopicConfigEntry[] {
  const entries: TopicConfigEntry[] = []
  const override = overrides.get(name)
  if (override !== undefined) entries.push({ name, source: 'topic', text: override })
  const [nearest] = topicSettings[name].synonyms
  return nearest === undefined ? entries : [...entries, ...brokerConfigEntries(nearest.name, settings)]
}

/** The broker settings that are a topic setting's synonyms, by the nearest of them. */
const synonymsByNearest = new Map(
  Object.values(topicSettings).map(({ synonyms }) => [synonyms[0]?.name, synonyms.map(({ name }) => name)]),
)

/**
 * Everything that is set for a broker setting or one of its synonyms, strongest first. Like Kafka, it leaves out what comes
 * before the first value under the name itself.
 */
export function brokerConfigEntries(
  name: string,
  settings: Settings,
): (TopicConfigEntry & { source: BrokerSettingSource })[] {
  const names = synonymsByNearest.get(name) ?? [name]
  const entries = (['dynamicBroker', 'dynamicDefault', 'static', 'default'] as const).flatMap(source =>
    names.flatMap(synonym =>
      settings
        .entries(synonym)
        .filter(entry => entry.source === source)
        .map(({ text }) => ({ name: synonym, source, text })),
    ),
  )
  const first = entries.findIndex(entry => entry.name === name)
  return first < 0 ? [] : entries.slice(first)
}

export function valueInForce(name: TopicSettingName, overrides: TopicOverrides, settings: Settings): SettingValue {
  return parseSetting(name, topicSettingFact(name), textInForce(name, overrides, settings).text)
}

/** What the partitions' logs are run with. */
export function logConfigOf(overrides: TopicOverrides, settings: Settings): LogConfig {
  const number = (name: TopicSettingName): number => Number(valueInForce(name, overrides, settings))
  const text = (name: TopicSettingName): string => String(valueInForce(name, overrides, settings))
  const policy = valueInForce('cleanup.policy', overrides, settings) as readonly string[]
  const compression = text('compression.type')
  return {
    cleanupDelete: policy.includes('delete'),
    cleanupCompact: policy.includes('compact'),
    compressionType: (compression === 'uncompressed' ? 'none' : compression) as LogConfig['compressionType'],
    deleteRetentionMs: number('delete.retention.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampType: text('message.timestamp.type') as LogConfig['messageTimestampType'],
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
  }
}
