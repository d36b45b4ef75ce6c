/** Settings of what is neither topic nor broker, lists of what has settings, and settings replaced as a whole. */
import {
  alterConfigs,
  describeConfigs,
  incrementalAlterConfigs,
  listConfigResources,
  type Response,
} from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'

const resource = { unknown: 0, topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

type Entry = readonly [name: string, value: string | null]

interface Replacement {
  readonly type?: number
  readonly name: string
  readonly entries: readonly Entry[]
}

function replace(replacements: readonly Replacement[], validateOnly = false) {
  return {
    validateOnly,
    resources: replacements.map(({ type = resource.topic, name, entries }) => ({
      resourceType: type,
      resourceName: name,
      configs: entries.map(([name, value]) => ({ name, value })),
    })),
  }
}

interface Described {
  readonly type: number
  readonly name: string
  readonly keys?: readonly string[]
}

const describe = ({ type, name, keys }: Described, includeSynonyms = false) => ({
  resources: [{ resourceType: type, resourceName: name, configurationKeys: keys ?? null }],
  includeSynonyms,
  includeDocumentation: false,
})

async function untilInForce(t: Conversation, described: Described, value: string | undefined): Promise<void> {
  await t.prepareUntil(
    describeConfigs,
    4,
    describe(described),
    ({ results: [found] }) => found?.configs[0]?.value === value,
  )
}

export const alterConfigsScenarios: readonly Scenario[] = [
  ...everyVersion(alterConfigs, 'what is not named goes back to its default', async (t, version) => {
    const { name } = await t.topic('a', { configs: { 'segment.bytes': '2000000', 'retention.ms': '1' } })
    const asked = { type: resource.topic, name, keys: ['retention.ms', 'segment.bytes', 'cleanup.policy'] }
    await t.ask(alterConfigs, version, replace([{ name, entries: [['retention.ms', '5']] }]))
    await untilInForce(t, { ...asked, keys: ['retention.ms'] }, '5')
    await t.ask(describeConfigs, 4, describe(asked, true))
    await t.ask(alterConfigs, version, replace([{ name, entries: [['cleanup.policy', 'compact']] }], true))
    await t.ask(describeConfigs, 4, describe(asked))
    await t.ask(alterConfigs, version, replace([{ name, entries: [] }]))
    await untilInForce(t, { ...asked, keys: ['retention.ms'] }, '-1')
    await t.ask(describeConfigs, 4, describe(asked, true))
  }),
  ...everyVersion(alterConfigs, 'what can not be done', async (t, version) => {
    const { name } = await t.topic('a', { configs: { 'retention.ms': '7' } })
    const ask = (...replacements: Replacement[]) => t.ask(alterConfigs, version, replace(replacements))
    await ask({ name, entries: [['retention.ms', 'x']] })
    await ask({ name, entries: [['retention.ms', null]] })
    await ask({ name, entries: [['no.such.setting', '1']] })
    await ask({ name, entries: [['', '1']] })
    await ask({
      name,
      entries: [
        ['retention.ms', '1'],
        ['retention.ms', '2'],
      ],
    })
    await ask({
      name,
      entries: [
        ['min.compaction.lag.ms', '10'],
        ['max.compaction.lag.ms', '5'],
      ],
    })
    for (const missing of [t.name('missing'), '', 'not/a/name'])
      await ask({ name: missing, entries: [['retention.ms', '1']] })
    for (const type of [resource.unknown, 1, 99, -1]) await ask({ type, name: 'x', entries: [['retention.ms', '1']] })
    for (const broker of ['7', 'x', '-1']) {
      await ask({ type: resource.broker, name: broker, entries: [['message.max.bytes', '1000000']] })
    }
    // Apache Kafka never answers a resource that is named twice.
    await ask()
    await t.ask(describeConfigs, 4, describe({ type: resource.topic, name, keys: ['retention.ms'] }))
  }),
  ...everyVersion(alterConfigs, 'of the broker, only checked', async (t, version) => {
    const check = (name: string, ...entries: Entry[]) =>
      t.ask(alterConfigs, version, replace([{ type: resource.broker, name, entries }], true))
    for (const name of ['1', '']) {
      await check(name, ['message.max.bytes', '2000000'])
      await check(name, ['message.max.bytes', 'x'])
      await check(name, ['num.partitions', '2'])
      await check(name)
    }
  }),
  ...everyVersion(alterConfigs, 'of groups and client metrics', async (t, version) => {
    const replaceAll = (type: number, name: string, ...entries: Entry[]) =>
      t.ask(alterConfigs, version, replace([{ type, name, entries }]))
    await replaceAll(resource.group, t.name('g'), ['consumer.session.timeout.ms', '50000'])
    await untilInForce(t, { type: resource.group, name: t.name('g'), keys: ['consumer.session.timeout.ms'] }, '50000')
    await replaceAll(resource.group, t.name('g'), ['consumer.heartbeat.interval.ms', '6000'])
    await untilInForce(t, { type: resource.group, name: t.name('g'), keys: ['consumer.session.timeout.ms'] }, '45000')
    await replaceAll(resource.clientMetrics, t.name('m'), ['interval.ms', '1000'], ['metrics', 'a,b'])
    await untilInForce(t, { type: resource.clientMetrics, name: t.name('m'), keys: ['interval.ms'] }, '1000')
    await replaceAll(resource.clientMetrics, t.name('m'), ['interval.ms', '2000'])
    await untilInForce(t, { type: resource.clientMetrics, name: t.name('m'), keys: ['interval.ms'] }, '2000')
    await t.ask(describeConfigs, 4, describe({ type: resource.clientMetrics, name: t.name('m') }, true))
    await replaceAll(resource.clientMetrics, t.name('m'))
    await replaceAll(resource.brokerLogger, '1', ['root', 'INFO'])
  }),
]

export const clientMetricsScenarios: readonly Scenario[] = [
  once(incrementalAlterConfigs, 'settings that have no effect here', async t => {
    for (const [resourceType, resourceName, name, value] of [
      [resource.group, t.name('g'), 'share.session.timeout.ms', '50000'],
      [resource.group, t.name('g'), 'streams.session.timeout.ms', '50000'],
      [resource.broker, '1', 'num.io.threads', '9'],
    ] as const) {
      await t.ask(incrementalAlterConfigs, 1, {
        resources: [{ resourceType, resourceName, configs: [{ name, configOperation: operation.set, value }] }],
        validateOnly: true,
      })
    }
  }),
  ...everyVersion(incrementalAlterConfigs, 'of client metrics', async (t, version) => {
    type Change = readonly [name: string, configOperation: number, value: string | null]
    const ask = (name: string, ...changes: Change[]) =>
      t.ask(incrementalAlterConfigs, version, {
        resources: [
          {
            resourceType: resource.clientMetrics,
            resourceName: name,
            configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
          },
        ],
        validateOnly: false,
      })
    const m = t.name('m')
    await ask(m, ['interval.ms', operation.set, '1000'], ['metrics', operation.set, 'org.apache.kafka.a'])
    await untilInForce(t, { type: resource.clientMetrics, name: m, keys: ['interval.ms'] }, '1000')
    await ask(m, ['metrics', operation.set, 'b,c'], ['interval.ms', operation.set, '2000'])
    await untilInForce(t, { type: resource.clientMetrics, name: m, keys: ['interval.ms'] }, '2000')
    await t.ask(describeConfigs, 4, describe({ type: resource.clientMetrics, name: m }, true))
    await ask(m, ['metrics', operation.delete, null], ['interval.ms', operation.set, '3000'])
    await untilInForce(t, { type: resource.clientMetrics, name: m, keys: ['interval.ms'] }, '3000')
    await t.ask(
      describeConfigs,
      4,
      describe({ type: resource.clientMetrics, name: m, keys: ['metrics', 'no.such'] }, true),
    )
    for (const interval of ['x', '99', '100', '3600000', '3600001'])
      await ask(m, ['interval.ms', operation.set, interval])
    await ask(m, ['match', operation.set, 'client_id=[a-z'])
    await ask(m, ['match', operation.set, 'no_such=.*'])
    await ask(m, ['match', operation.set, 'client_id'])
    await ask(m, ['match', operation.set, 'client_id=a,client_source_address=127\\..*'])
    await ask(m, ['match', operation.set, ''])
    await ask(m, ['metrics', operation.set, ''])
    await ask(m, ['metrics', operation.set, '*'])
    await ask(m, ['no.such.setting', operation.set, '1'])
    await ask(m, ['interval.ms', operation.append, '1'])
    await ask(m, ['metrics', operation.append, 'd'])
    await ask('', ['interval.ms', operation.set, '1000'])
    await ask('not/a/name', ['interval.ms', operation.set, '1000'])
    for (const setting of ['interval.ms', 'metrics', 'match']) await ask(m, [setting, operation.delete, null])
    await t.ask(describeConfigs, 4, describe({ type: resource.clientMetrics, name: m, keys: ['no.such'] }))
  }),
  ...everyVersion(describeConfigs, 'of client metrics and loggers', async (t, version) => {
    const ask = (type: number, name: string, keys?: readonly string[]) =>
      t.ask(describeConfigs, version, describe({ type, name, ...(keys && { keys }) }, true))
    await ask(resource.clientMetrics, t.name('missing'))
    await ask(resource.clientMetrics, '')
    for (const broker of ['7', 'x', '']) await ask(resource.brokerLogger, broker, ['root'])
  }),
]

export const listConfigResourcesScenarios: readonly Scenario[] = [
  ...everyVersion(listConfigResources, 'topics, brokers, groups and client metrics', async (t, version) => {
    await t.topic('a')
    const set = (resourceType: number, resourceName: string, name: string, value: string) =>
      t.prepare(incrementalAlterConfigs, 1, {
        resources: [{ resourceType, resourceName, configs: [{ name, configOperation: operation.set, value }] }],
        validateOnly: false,
      })
    await set(resource.group, t.name('g'), 'consumer.session.timeout.ms', '50000')
    await set(resource.clientMetrics, t.name('m'), 'interval.ms', '1000')
    await untilInForce(t, { type: resource.clientMetrics, name: t.name('m'), keys: ['interval.ms'] }, '1000')
    await untilInForce(t, { type: resource.group, name: t.name('g'), keys: ['consumer.session.timeout.ms'] }, '50000')
    // No client may be asked for metrics because of this.
    await set(resource.clientMetrics, t.name('m'), 'match', 'client_id=nobody')
    const own = (answer: Response<typeof listConfigResources>) => ({
      ...answer,
      configResources: answer.configResources.filter(
        ({ resourceName, resourceType }) =>
          resourceType === resource.broker || resourceType === resource.brokerLogger || t.isOwn(resourceName),
      ),
    })
    const ask = (...resourceTypes: number[]) => t.ask(listConfigResources, version, { resourceTypes }, own)
    await ask()
    if (version === 0) return
    for (const type of Object.values(resource)) await ask(type)
    await ask(99)
    await ask(resource.group, resource.topic, resource.group)
    await ask(resource.group, resource.unknown)
  }),
]

/** What one of the two is configured with for itself: its place, its addresses, and how a cluster of one is told to be one. */
const ownSettings = new Set([
  'advertised.listeners',
  'broker.id',
  'controller.listener.names',
  'controller.quorum.voters',
  'listeners',
  'log.dir',
  'log.dirs',
  'metric.reporters',
  'offsets.topic.replication.factor',
  'process.roles',
  'share.coordinator.state.topic.min.isr',
  'share.coordinator.state.topic.replication.factor',
  'transaction.state.log.min.isr',
  'transaction.state.log.replication.factor',
])

export const allBrokerSettingsScenarios: readonly Scenario[] = [
  once(describeConfigs, 'names, types and defaults of all settings of the broker', async t => {
    await t.ask(describeConfigs, 4, describe({ type: resource.broker, name: '1' }, true), answer => ({
      ...answer,
      results: answer.results.map(result => ({
        ...result,
        configs: result.configs.filter(({ name }) => !ownSettings.has(name)),
      })),
    }))
  }),
  once(describeConfigs, 'names, types and defaults of all settings of a group', async t => {
    await t.ask(describeConfigs, 4, describe({ type: resource.group, name: t.name('g') }, true))
  }),
]
