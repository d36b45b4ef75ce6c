/**
 * The broker's settings as they are in force: what was configured, over what is Ottla's default, under what was changed
 * while running. Kafka's order: this broker's dynamic value, the dynamic value for all brokers, `server.properties` and
 * `--set`, the default.
 */

import type { Logger } from '../logger.ts'
import {
  type BrokerSetting,
  type BrokerSettingName,
  type BrokerSettingValue,
  brokerSettings,
} from './broker-settings.ts'
import { kafkaBrokerSettings, kafkaTopicSettings } from './kafka-settings.ts'
import { nearestName } from './nearest-name.ts'
import { parseSetting, SettingError, type SettingValue } from './setting.ts'

/** Where a value comes from, weakest last. */
export type BrokerSettingSource = 'dynamicBroker' | 'dynamicDefault' | 'static' | 'default'

export interface BrokerSettingEntry {
  readonly source: BrokerSettingSource
  readonly text: string
}

type Texts = ReadonlyMap<string, string>

const none: Texts = new Map()

export class Settings {
  readonly #static: Texts
  #dynamicDefault: Texts = none
  #dynamicBroker: Texts = none
  readonly #values = new Map<string, SettingValue | null>()

  /**
   * @param properties by Kafka's names; text as in `server.properties`.
   * @throws SettingError for a name that nobody knows and for a value that is not allowed.
   */
  constructor(properties: Texts, logger?: Logger) {
    for (const [name, text] of properties) {
      const setting = brokerSettings.get(name)
      if (setting !== undefined) {
        parseSetting(name, setting, text)
        continue
      }
      const fact = kafkaBrokerSettings[name]
      if (fact === undefined && !name.startsWith('listener.name.')) throw unknownName(name)
      logger?.warn({ setting: name }, 'this setting of Kafka has no effect here')
    }
    this.#static = new Map(properties)
    this.#refresh()
  }

  /** The value in force. Longs beyond 2^53 ("no limit") are the largest exact number. */
  get<N extends BrokerSettingName>(name: N): BrokerSettingValue<N> {
    return this.#values.get(name) as BrokerSettingValue<N>
  }

  /** True if `server.properties` or `--set` named it. */
  isConfigured(name: BrokerSettingName): boolean {
    return this.#static.has(name)
  }

  /**
   * All values that are set for a name, strongest first; empty for one that is not set and has no default. Also of settings that
   * have no effect here.
   */
  entries(name: string): BrokerSettingEntry[] {
    const entries: BrokerSettingEntry[] = []
    const add = (source: BrokerSettingSource, text: string | null | undefined): void => {
      if (text !== null && text !== undefined) entries.push({ source, text })
    }
    add('dynamicBroker', this.#dynamicBroker.get(name))
    add('dynamicDefault', this.#dynamicDefault.get(name))
    add('static', this.#static.get(name))
    add('default', (brokerSettings.get(name) ?? kafkaBrokerSettings[name])?.default)
    return entries
  }

  /** Replaces what was changed while running, for all brokers and for this one. Values must have been checked. */
  setDynamic({ allBrokers, thisBroker }: { allBrokers: Texts; thisBroker: Texts }): void {
    this.#dynamicDefault = allBrokers
    this.#dynamicBroker = thisBroker
    this.#refresh()
  }

  #refresh(): void {
    for (const [name, setting] of brokerSettings) {
      const text = this.entries(name)[0]?.text
      this.#values.set(name, text === undefined ? null : parseSetting(name, setting, text))
    }
  }
}

/**
 * Checks one change of a running broker's settings.
 * @throws SettingError
 */
export function checkDynamicSetting(name: string, text: string): BrokerSetting<SettingValue | null> {
  const setting = brokerSettings.get(name)
  if (setting === undefined) {
    throw new SettingError(
      kafkaBrokerSettings[name] === undefined
        ? `Unknown broker setting ${name}${proposal(name, Object.keys(kafkaBrokerSettings))}`
        : `${name} has no effect in this broker`,
    )
  }
  if (!setting.isDynamic) throw new SettingError(`Cannot update these configs dynamically: [${name}]`)
  parseSetting(name, setting, text)
  return setting
}

function unknownName(name: string): SettingError {
  if (Object.hasOwn(kafkaTopicSettings, name)) {
    return new SettingError(`${name} is a setting of topics, not of the broker${proposal(name, brokerSettings.keys())}`)
  }
  return new SettingError(`Unknown setting ${name}${proposal(name, Object.keys(kafkaBrokerSettings))}`)
}

function proposal(name: string, names: Iterable<string>): string {
  const nearest = nearestName(name, names)
  return nearest === null ? '' : `: did you mean ${nearest}?`
}
