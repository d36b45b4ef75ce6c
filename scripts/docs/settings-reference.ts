/** docs/reference/settings.md: each setting that has an effect, from the tables that the broker reads it by. */
import { brokerSettings } from '../../packages/broker/src/settings/broker-settings.ts'
import { clientMetricsSettings } from '../../packages/broker/src/settings/client-metrics-settings.ts'
import { groupSettings } from '../../packages/broker/src/settings/group-settings.ts'
import {
  kafkaBrokerSettings,
  kafkaGroupSettings,
  kafkaTopicSettings,
} from '../../packages/broker/src/settings/kafka-settings.ts'
import type { SettingFact } from '../../packages/broker/src/settings/setting.ts'
import { topicSettings } from '../../packages/broker/src/settings/topic-settings.ts'
import { cell, generatedBy } from './markdown.ts'

export function settingsReference(): string {
  return `# Settings

${generatedBy('packages/broker/src/settings')}

By Apache Kafka's names and with Kafka's meaning. Names of Kafka that are not listed here have no effect: \`ottla start\` takes them
with a warning. A name that nobody knows stops the start and proposes the nearest.

## Of the broker

In a \`server.properties\` (\`ottla start --config FILE\`) or one by one (\`--set NAME=VALUE\`). Those marked *at run time* can be
changed while the broker runs (\`ottla config set broker\`); all others need a restart.

${table([...brokerSettings].map(([name, setting]) => row(name, setting, setting.documentation, kafkaBrokerSettings[name], setting.isDynamic)))}

## Of a topic

At its creation (\`ottla topic create orders -c NAME=VALUE\`) or later (\`ottla config set topic orders\`). What is not set for the topic
is the broker's: the setting of the same meaning there, named behind the arrow.

${table(
  Object.entries(topicSettings).map(([name, { documentation, synonyms }]) => {
    const inherited = synonyms.map(synonym => `\`${synonym.name}\``).join(', ')
    const fact = kafkaTopicSettings[name as keyof typeof kafkaTopicSettings]
    return row(name, fact, inherited === '' ? documentation : `${documentation} ← ${inherited}`)
  }),
)}

## Of a consumer group

Of groups of the consumer protocol (\`ottla config set group payment\`).

${table(
  Object.entries(groupSettings).map(([name, { documentation, lowest, highest }]) =>
    row(
      name,
      kafkaGroupSettings[name as keyof typeof groupSettings],
      `${documentation} Between \`${lowest}\` and \`${highest}\`.`,
    ),
  ),
)}

## Of a subscription to clients' metrics

Which clients push which of their own metrics, and how often (KIP-714).

${table(Object.entries(clientMetricsSettings).map(([name, setting]) => row(name, setting, setting.documentation)))}
`
}

function table(rows: readonly string[]): string {
  return ['| setting | type | default | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** @param kafka what Apache Kafka says of it, where Ottla may have another default */
function row(name: string, fact: SettingFact, documentation: string, kafka = fact, isDynamic = false): string {
  const text = [
    documentation,
    ...(fact.values === undefined ? [] : [`One of ${fact.values.map(value => `\`${value}\``).join(', ')}.`]),
    ...(kafka.default === fact.default ? [] : [`Apache Kafka's default: ${shown(kafka.default)}.`]),
    ...(isDynamic ? ['*At run time.*'] : []),
  ]
  return `| \`${name}\` | ${fact.type} | ${shown(fact.default)} | ${cell(text.join(' '))} |`
}

function shown(value: string | null): string {
  if (value === null) return 'not set'
  return value === '' ? 'empty' : `\`${value}\``
}
