/**
 * The settings of one consumer group (KIP-848, KIP-1263), by Kafka's names: what was set for it, over the broker's. Kafka's settings for
 * share and streams groups can be read but not set, since there are no such groups here.
 */

import type { BrokerSettingName } from './broker-settings.ts'
import { kafkaGroupSettings } from './kafka-settings.ts'
import { parseSetting, SettingError, type SettingFact } from './setting.ts'
import type { BrokerSettingSource, Settings } from './settings.ts'

export type GroupOverrides = ReadonlyMap<string, string>

interface GroupSetting {
  readonly documentation: string
  /** Broker settings that bound what can be set. */
  readonly lowest: BrokerSettingName
  readonly highest: BrokerSettingName
}

export const groupSettings = {
  'consumer.assignment.interval.ms': {
    documentation: 'The least time between two target assignments of the group.',
    lowest: 'group.consumer.min.assignment.interval.ms',
    highest: 'group.consumer.max.assignment.interval.ms',
  },
  'consumer.heartbeat.interval.ms': {
    documentation: 'How often the members of the group send heartbeats.',
    lowest: 'group.consumer.min.heartbeat.interval.ms',
    highest: 'group.consumer.max.heartbeat.interval.ms',
  },
  'consumer.session.timeout.ms': {
    documentation: 'How long a member of the group may be silent before it is taken out of it.',
    lowest: 'group.consumer.min.session.timeout.ms',
    highest: 'group.consumer.max.session.timeout.ms',
  },
} as const satisfies Partial<Record<keyof typeof kafkaGroupSettings, GroupSetting>>

export type GroupSettingName = keyof typeof groupSettings

/** All that Kafka has. */
export const groupSettingNames = Object.keys(kafkaGroupSettings) as (keyof typeof kafkaGroupSettings)[]

export function isGroupSettingName(name: string): name is GroupSettingName {
  return Object.hasOwn(groupSettings, name)
}

/**
 * Checks what is set for a group, each by itself and all together.
 * @throws SettingError with Kafka's words
 */
export function checkGroupOverrides(overrides: GroupOverrides, settings: Settings): void {
  for (const [name, text] of overrides) {
    if (Object.hasOwn(kafkaGroupSettings, name) && !isGroupSettingName(name)) {
      throw new SettingError(`${name} has no effect in this broker`)
    }
    if (!isGroupSettingName(name)) throw new SettingError(`Unknown group config name: ${name}`)
    const setting = groupSettings[name]
    const value = Number(parseSetting(name, kafkaGroupSettings[name], text))
    const lowest = settings.get(setting.lowest)
    const highest = settings.get(setting.highest)
    if (value < lowest || value > highest) {
      throw new SettingError(`${name} must be in the range ${lowest} to ${highest} inclusive.`)
    }
  }
  const sessionTimeoutMs = groupValue('consumer.session.timeout.ms', overrides, settings)
  const heartbeatIntervalMs = groupValue('consumer.heartbeat.interval.ms', overrides, settings)
  if (sessionTimeoutMs <= heartbeatIntervalMs) {
    throw new SettingError('consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms')
  }
}

/** What is in force for the group. */
export function groupValue(name: GroupSettingName, overrides: GroupOverrides, settings: Settings): number {
  const text = overrides.get(name)
  if (text === undefined) return settings.get(kafkaGroupSettings[name].synonym)
  return Number(parseSetting(name, kafkaGroupSettings[name], text))
}

export interface GroupConfigEntry {
  /** The name under which this value was set: the group's, or that of a broker setting. */
  readonly name: string
  readonly source: 'group' | BrokerSettingSource
  readonly text: string
}

/** All values that there are for the setting, the one in force first. */
export function groupConfigEntries(
  name: keyof typeof kafkaGroupSettings,
  overrides: GroupOverrides,
  settings: Settings,
): GroupConfigEntry[] {
  const fact: SettingFact & { synonym?: string } = kafkaGroupSettings[name]
  const { synonym } = fact
  const inherited: GroupConfigEntry[] =
    synonym === undefined
      ? [{ name, source: 'default', text: fact.default ?? '' }]
      : settings.entries(synonym).map(({ source, text }) => ({ name: synonym, source, text }))
  const text = overrides.get(name)
  return text === undefined ? inherited : [{ name, source: 'group', text }, ...inherited]
}
