/**
 * The settings of a subscription to clients' metrics (KIP-714): which metrics, how often, and of which clients. Patterns are RE2's,
 * which match in linear time; Kafka takes Java's, and all of those that people write are both.
 */

import { KafkaError } from '@ottla/protocol'
import type { RE2JS } from 're2js'
import { parseSetting, SettingError, type SettingFact } from './setting.ts'

interface ClientMetricsSetting extends SettingFact {
  readonly default: string
  readonly documentation: string
}

export const clientMetricsSettings = {
  'interval.ms': {
    type: 'int',
    default: '300000',
    documentation: 'How often the clients push their metrics.',
  },
  match: {
    type: 'list',
    default: '',
    documentation:
      'Which clients, as NAME=PATTERN of what is known of a client; all patterns must match. Empty: every client.',
  },
  metrics: {
    type: 'list',
    default: '',
    documentation: 'The beginnings of the names of the metrics that are pushed; "*" stands for all metrics.',
  },
} as const satisfies Record<string, ClientMetricsSetting>

export type ClientMetricsSettingName = keyof typeof clientMetricsSettings

export const clientMetricsSettingNames = Object.keys(clientMetricsSettings) as ClientMetricsSettingName[]

const minIntervalMs = 100
const maxIntervalMs = 3_600_000

/** What a pattern can be about. */
export interface ClientDescription {
  readonly client_instance_id: string
  readonly client_id: string
  readonly client_software_name: string
  readonly client_software_version: string
  readonly client_source_address: string
  readonly client_source_port: string
}

const describedFields: ReadonlySet<string> = new Set<keyof ClientDescription>([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])

export interface ClientMetricsSubscription {
  readonly intervalMs: number
  readonly metrics: readonly string[]
  matches(client: ClientDescription): boolean
}

/** Rejects with KafkaError INVALID_REQUEST or INVALID_CONFIG, in Kafka's words. */
export async function checkClientMetrics(overrides: ReadonlyMap<string, string>): Promise<void> {
  for (const name of overrides.keys()) {
    if (!Object.hasOwn(clientMetricsSettings, name)) {
      throw new KafkaError('INVALID_REQUEST', `Unknown client metrics configuration: ${name}`)
    }
  }
  try {
    const { intervalMs } = await parseSubscription(overrides)
    if (intervalMs >= minIntervalMs && intervalMs <= maxIntervalMs) return
    throw new KafkaError(
      'INVALID_REQUEST',
      `Invalid value ${intervalMs} for interval.ms, interval must be between ${minIntervalMs} and ${maxIntervalMs} (1 hour)`,
    )
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    throw new KafkaError('INVALID_CONFIG', error.message)
  }
}

/** Rejects with SettingError. */
export async function parseSubscription(overrides: ReadonlyMap<string, string>): Promise<ClientMetricsSubscription> {
  const value = (name: ClientMetricsSettingName) =>
    parseSetting(name, clientMetricsSettings[name], overrides.get(name) ?? clientMetricsSettings[name].default)
  const patterns = await Promise.all((value('match') as readonly string[]).map(parsePattern))
  return {
    intervalMs: Number(value('interval.ms')),
    metrics: value('metrics') as readonly string[],
    matches: client => patterns.every(({ field, pattern }) => pattern.matches(client[field])),
  }
}

async function parsePattern(text: string): Promise<{ field: keyof ClientDescription; pattern: RE2JS }> {
  const [field = '', expression, ...more] = text.split('=').map(part => part.trim())
  if (isDescribedField(field) && expression !== undefined && expression !== '' && more.length === 0) {
    // Loaded when the first subscription needs it.
    const { RE2JS } = await import('re2js')
    try {
      return { field, pattern: RE2JS.compile(expression) }
    } catch {
      // Said below, like every other mistake.
    }
  }
  throw new SettingError(`Illegal client matching pattern: ${text}`)
}

function isDescribedField(name: string): name is keyof ClientDescription {
  return describedFields.has(name)
}
