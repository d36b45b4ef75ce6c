/**
 * What has settings that can be changed while the broker runs, and whether it can have them so. Messages are Kafka's. The caller
 * knows that a topic or broker of that name is there.
 */

import { KafkaError } from '@ottla/protocol'
import { checkClientMetrics } from '../settings/client-metrics-settings.ts'
import { checkGroupOverrides } from '../settings/group-settings.ts'
import { SettingError } from '../settings/setting.ts'
import { checkDynamicSetting, type Settings } from '../settings/settings.ts'
import { checkTopicOverrides } from '../settings/topic-config.ts'

export interface ConfigResource {
  readonly type: ConfigResourceType
  /** Of a topic, group or subscription of client metrics; of a broker its id, or '' for all brokers. */
  readonly name: string
}

export type ConfigResourceType = keyof typeof configResourceCodes

/** `ConfigResource.Type`, in requests and in ConfigRecord. */
export const configResourceCodes = { topic: 2, broker: 4, clientMetrics: 16, group: 32 } as const

/** What was set for one resource, by Kafka's names. */
export type Overrides = ReadonlyMap<string, string>

/** New text by name; null removes. */
export type ConfigChanges = ReadonlyMap<string, string | null>

/** The overrides as they are after the changes. */
export function withChanges(overrides: Overrides, changes: ConfigChanges): Overrides {
  const changed = new Map(overrides)
  for (const [name, value] of changes) {
    if (value === null) changed.delete(name)
    else changed.set(name, value)
  }
  return changed
}

export interface AskedChanges {
  readonly overrides: Overrides
  readonly changes: ConfigChanges
  readonly settings: Settings
}

/** Rejects with KafkaError if the changes would not be accepted. */
export async function checkConfig(
  { type, name }: ConfigResource,
  { overrides, changes, settings }: AskedChanges,
): Promise<void> {
  const changed = withChanges(overrides, changes)
  switch (type) {
    case 'topic':
      asKafkaError('INVALID_CONFIG', () => checkTopicOverrides(changed, settings))
      break
    case 'broker':
      asKafkaError('INVALID_REQUEST', () => {
        for (const [setting, text] of changes) if (text !== null) checkDynamicSetting(setting, text)
      })
      break
    case 'group':
      if (name === '') throw new KafkaError('INVALID_REQUEST', 'Default group resources are not allowed.')
      asKafkaError('INVALID_CONFIG', () => checkGroupOverrides(changed, settings))
      break
    case 'clientMetrics':
      if (name === '') throw new KafkaError('INVALID_REQUEST', "Subscription name can't be empty")
      await checkClientMetrics(changed)
      break
  }
}

/** What a wrong value is called depends on whose it is. */
export function asKafkaError(errorName: 'INVALID_CONFIG' | 'INVALID_REQUEST', check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    throw new KafkaError(errorName, error.message)
  }
}
