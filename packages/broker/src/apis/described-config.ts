/** One setting as DescribeConfigs answers it. Values of passwords are never told, wherever they come from. */

import type { describeConfigs, ResponseInput } from '@ottla/protocol'
import type { SettingType } from '../settings/setting.ts'
import { configSourceCodes } from './config-resources.ts'

export type DescribedConfig = ResponseInput<typeof describeConfigs>['results'][number]['configs'][number]

export interface Wanted {
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
}

/** A value that is set for a setting or for one of its synonyms. */
export interface ConfigEntry {
  readonly name: string
  readonly source: keyof typeof configSourceCodes
  readonly text: string | null
}

export interface ConfigFacts {
  readonly name: string
  readonly type: SettingType
  /** What is in force; absent when nothing is set and there is no default. */
  readonly inForce: Omit<ConfigEntry, 'name'> | undefined
  /** Strongest first. */
  readonly synonyms: readonly ConfigEntry[]
  readonly documentation: string
  readonly readOnly?: boolean
}

/** What the documentation says of a setting that Kafka has and that changes nothing here. */
export const noEffect = 'A setting of Apache Kafka that has no effect here.'

/** `DescribeConfigsResponse.ConfigType` */
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

export function describedConfig(facts: ConfigFacts, wanted: Wanted): DescribedConfig {
  const { name, type, inForce, synonyms, documentation, readOnly = false } = facts
  const isSensitive = type === 'password'
  const told = (text: string | null): string | null => (isSensitive ? null : text)
  return {
    name,
    value: told(inForce?.text ?? null),
    readOnly,
    configSource: configSourceCodes[inForce?.source ?? 'default'],
    isSensitive,
    synonyms: wanted.includeSynonyms
      ? synonyms.map(({ name, source, text }) => ({ name, value: told(text), source: configSourceCodes[source] }))
      : [],
    configType: typeCodes[type],
    documentation: wanted.includeDocumentation ? documentation : null,
  }
}
