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

/**
 * Checks a topic's overrides, each by itself and all together.
 * @throws SettingError with Kafka's words
 */
export function checkTopicOverrides(overrides: TopicOverrides, settings: Settings): void {
  for (const [name, text] of overrides) {
    if (!isTopicSettingName(name)) throw new SettingError(`Unknown topic config name: ${name}`)
    parseSetting(name, topicSettingFact(name), text)
  }
  if (valueInForce('remote.storage.enable', overrides, settings)) {
    throw new SettingError(
      'Tiered storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
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

/**
 * Everything that is set for a name, strongest first, as DescribeConfigs lists synonyms: the override, then broker settings.
 * Like Kafka, it names a default only for the nearest synonym.
 */
export function topicConfigEntries(
  name: TopicSettingName,
  overrides: TopicOverrides,
  settings: Settings,
): TopicConfigEntry[] {
  const entries: TopicConfigEntry[] = []
  const override = overrides.get(name)
  if (override !== undefined) entries.push({ name, source: 'topic', text: override })
  const synonyms = topicSettings[name].synonyms
  for (const source of ['dynamicBroker', 'dynamicDefault', 'static', 'default'] as const) {
    for (const synonym of source === 'default' ? synonyms.slice(0, 1) : synonyms) {
      const entry = settings.entries(synonym.name).find(candidate => candidate.source === source)
      if (entry !== undefined) entries.push({ name: synonym.name, source, text: entry.text })
    }
  }
  return entries
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
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampType: text('message.timestamp.type') as LogConfig['messageTimestampType'],
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
  }
}

/** `min.insync.replicas` in force. There is one replica, always in sync. */
export function minInsyncReplicasOf(overrides: TopicOverrides, settings: Settings): number {
  return Number(valueInForce('min.insync.replicas', overrides, settings))
}
