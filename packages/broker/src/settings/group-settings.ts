/**
 * The settings of one consumer group (KIP-848, KIP-1263), by Kafka's names: what was set for it, over the broker's. Kafka's settings for
 * share and streams groups are not among them, since there are no such groups here.
 */

import type { BrokerSettingName } from './broker-settings.ts'
import { parseSetting, SettingError, type SettingFact } from './setting.ts'
import type { BrokerSettingSource, Settings } from './settings.ts'

export type GroupOverrides = ReadonlyMap<string, string>

interface GroupSetting extends SettingFact {
  readonly documentation: string
  /** The broker setting that is in force when nothing was set for the group. */
  readonly synonym: BrokerSettingName
  /** Broker settings that bound what can be set. */
  readonly lowest: BrokerSettingName
  readonly highest: BrokerSettingName
}

export const groupSettings = {
  'consumer.assignment.interval.ms': {
    type: 'int',
    default: '1000',
    min: 0,
    documentation: 'The least time between two target assignments of the group.',
    synonym: 'group.consumer.assignment.interval.ms',
    lowest: 'group.consumer.min.assignment.interval.ms',
    highest: 'group.consumer.max.assignment.interval.ms',
  },
  'consumer.heartbeat.interval.ms': {
    type: 'int',
    default: '5000',
    min: 1,
    documentation: 'How often the members of the group send heartbeats.',
    synonym: 'group.consumer.heartbeat.interval.ms',
    lowest: 'group.consumer.min.heartbeat.interval.ms',
    highest: 'group.consumer.max.heartbeat.interval.ms',
  },
  'consumer.session.timeout.ms': {
    type: 'int',
    default: '45000',
    min: 1,
    documentation: 'How long a member of the group may be silent before it is taken out of it.',
    synonym: 'group.consumer.session.timeout.ms',
    lowest: 'group.consumer.min.session.timeout.ms',
    highest: 'group.consumer.max.session.timeout.ms',
  },
} as const satisfies Record<string, GroupSetting>

export type GroupSettingName = keyof typeof groupSettings

export const groupSettingNames = Object.keys(groupSettings) as GroupSettingName[]

export function isGroupSettingName(name: string): name is GroupSettingName {
  return Object.hasOwn(groupSettings, name)
}

/**
 * Checks what is set for a group, each by itself and all together.
 * @throws SettingError with Kafka's words
 */
export function checkGroupOverrides(overrides: GroupOverrides, settings: Settings): void {
  for (const [name, text] of overrides) {
    if (!isGroupSettingName(name)) throw new SettingError(`Unknown group config name: ${name}`)
    const setting = groupSettings[name]
    const value = Number(parseSetting(name, setting, text))
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
  if (text === undefined) return settings.get(groupSettings[name].synonym)
  return Number(parseSetting(name, groupSettings[name], text))
}

export interface GroupConfigEntry {
  /** The name under which this value was set: the group's, or that of a broker setting. */
  readonly name: string
  readonly source: 'group' | BrokerSettingSource
  readonly text: string
}

/** All values that there are for the setting, the one in force first. */
export function groupConfigEntries(
  name: GroupSettingName,
  overrides: GroupOverrides,
  settings: Settings,
): GroupConfigEntry[] {
  const { synonym } = groupSettings[name]
  const ofBroker = settings.entries(synonym).map(({ source, text }) => ({ name: synonym, source, text: text ?? '' }))
  const text = overrides.get(name)
  return text === undefined ? ofBroker : [{ name, source: 'group', text }, ...ofBroker]
}
