import { describeConfigs, incrementalAlterConfigs, type RequestInput, type Response } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { wrongTopicConfigs } from './topics.ts'

const resource = { unknown: 0, topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

type Described = RequestInput<typeof describeConfigs>['resources'][number]

interface DescribeOptions {
  readonly includeSynonyms?: boolean
  readonly includeDocumentation?: boolean
}

function describe(
  resources: readonly Described[],
  options: DescribeOptions = {},
): RequestInput<typeof describeConfigs> {
  return { resources, includeSynonyms: false, includeDocumentation: false, ...options }
}

const ofTopic = (name: string, configurationKeys: readonly string[] | null = null): Described => ({
  resourceType: resource.topic,
  resourceName: name,
  configurationKeys,
})

/** Resolves when what was changed is in force: Apache Kafka's broker hears of it a moment after the answer. */
async function untilInForce(t: Conversation, topic: string, name: string, value: string): Promise<void> {
  await t.prepareUntil(
    describeConfigs,
    4,
    describe([ofTopic(topic, [name])]),
    ({ results: [found] }) => found?.configs[0]?.value === value,
  )
}

/** Settings of the broker whose value and source must be the same on both. */
const brokerSettingsCompared = [
  'node.id',
  'message.max.bytes',
  'num.partitions',
  'log.retention.ms',
  'compression.type',
  'no.such.setting',
]

export const describeConfigsScenarios: readonly Scenario[] = [
  ...everyVersion(describeConfigs, 'all settings of a topic', async (t, version) => {
    const { name } = await t.topic('a', { configs: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } })
    await t.ask(describeConfigs, version, describe([ofTopic(name)]))
    await t.ask(describeConfigs, version, describe([ofTopic(name)], { includeSynonyms: true }))
  }),
  ...everyVersion(describeConfigs, 'some settings of a topic', async (t, version) => {
    const { name } = await t.topic('a', { configs: { 'retention.ms': '1000' } })
    await t.ask(describeConfigs, version, describe([ofTopic(name, ['retention.ms', 'segment.bytes'])]))
    await t.ask(describeConfigs, version, describe([ofTopic(name, ['retention.ms', 'no.such.setting', ''])]))
    await t.ask(describeConfigs, version, describe([ofTopic(name, [])]))
    await t.ask(describeConfigs, version, describe([ofTopic(name, ['retention.ms', 'retention.ms'])]))
  }),
  ...everyVersion(describeConfigs, 'what is not there', async (t, version) => {
    const keys = ['retention.ms']
    for (const name of [t.name('missing'), '', 'not/a/name'])
      await t.ask(describeConfigs, version, describe([ofTopic(name, keys)]))
    for (const name of ['7', 'x', '-1']) {
      await t.ask(
        describeConfigs,
        version,
        describe([{ resourceType: resource.broker, resourceName: name, configurationKeys: [] }]),
      )
    }
    for (const resourceType of [resource.unknown, 1, 99, -1]) {
      await t.ask(describeConfigs, version, describe([{ resourceType, resourceName: 'x', configurationKeys: null }]))
    }
    await t.ask(describeConfigs, version, describe([]))
  }),
  ...everyVersion(describeConfigs, 'settings of the broker', async (t, version) => {
    for (const resourceName of ['1', '']) {
      const asked = { resourceType: resource.broker, resourceName, configurationKeys: brokerSettingsCompared }
      await t.ask(describeConfigs, version, describe([asked]))
      await t.ask(describeConfigs, version, describe([asked], { includeSynonyms: true }))
    }
  }),
  ...everyVersion(
    describeConfigs,
    'documentation',
    async (t, version) => {
      const { name } = await t.topic('a')
      // The texts are each broker's own: what counts is which settings have one.
      const withoutTexts = (answer: Response<typeof describeConfigs>) => ({
        ...answer,
        results: answer.results.map(({ configs, ...result }) => ({
          ...result,
          configs: configs.map(config => ({
            ...config,
            documentation: config.documentation ? '(a text)' : config.documentation,
          })),
        })),
      })
      await t.ask(describeConfigs, version, describe([ofTopic(name)], { includeDocumentation: true }), withoutTexts)
    },
    { since: 3 },
  ),
]

type Change = readonly [name: string, configOperation: number, value: string | null]

function alter(name: string, changes: readonly Change[], validateOnly = false, resourceType: number = resource.topic) {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  return { resources: [{ resourceType, resourceName: name, configs }], validateOnly }
}

export const incrementalAlterConfigsScenarios: readonly Scenario[] = [
  ...everyVersion(incrementalAlterConfigs, 'each operation', async (t, version) => {
    const { name } = await t.topic('a')
    const shown = describe([ofTopic(name, ['retention.ms', 'cleanup.policy', 'segment.bytes'])], {
      includeSynonyms: true,
    })
    const steps: readonly (readonly [changes: readonly Change[], inForce: readonly [string, string]])[] = [
      [[['retention.ms', operation.set, '1000']], ['retention.ms', '1000']],
      [[['cleanup.policy', operation.append, 'compact']], ['cleanup.policy', 'delete,compact']],
      [[['cleanup.policy', operation.subtract, 'delete']], ['cleanup.policy', 'compact']],
      [[['cleanup.policy', operation.append, 'compact']], ['cleanup.policy', 'compact']],
      [
        [
          ['cleanup.policy', operation.delete, null],
          ['segment.bytes', operation.set, '1048576'],
        ],
        ['segment.bytes', '1048576'],
      ],
      [[['retention.ms', operation.delete, 'ignored']], ['retention.ms', '-1']],
      [[['retention.bytes', operation.delete, null]], ['retention.bytes', '-1']],
    ]
    for (const [changes, [setting, value]] of steps) {
      await t.ask(incrementalAlterConfigs, version, alter(name, changes))
      await untilInForce(t, name, setting, value)
      await t.ask(describeConfigs, 4, shown)
    }
  }),
  ...everyVersion(incrementalAlterConfigs, 'what can not be done', async (t, version) => {
    const { name } = await t.topic('a')
    const ask = (changes: readonly Change[]) => t.ask(incrementalAlterConfigs, version, alter(name, changes))
    await ask([['retention.ms', operation.append, '1']])
    await ask([['retention.ms', operation.subtract, '1']])
    await ask([['retention.ms', operation.set, null]])
    await ask([['cleanup.policy', operation.append, null]])
    await ask([['cleanup.policy', operation.subtract, 'delete']])
    await ask([['cleanup.policy', operation.append, 'shred']])
    await ask([['retention.ms', 7, '1']])
    await ask([['retention.ms', -1, '1']])
    await ask([['no.such.setting', operation.set, '1']])
    await ask([['no.such.setting', operation.delete, null]])
    await ask([
      ['retention.ms', operation.set, '1'],
      ['retention.ms', operation.set, '2'],
    ])
    await ask([
      ['retention.ms', operation.set, '1'],
      ['segment.bytes', operation.set, 'x'],
    ])
    await ask([['', operation.set, '1']])
    await ask([])
    await t.ask(describeConfigs, 4, describe([ofTopic(name, ['retention.ms', 'cleanup.policy'])]))
  }),
  ...everyVersion(incrementalAlterConfigs, 'only checked', async (t, version) => {
    const { name } = await t.topic('a')
    for (const [setting, value] of wrongTopicConfigs) {
      await t.ask(incrementalAlterConfigs, version, alter(name, [[setting, operation.set, value]], true))
    }
    await t.ask(describeConfigs, 4, describe([ofTopic(name, ['retention.ms'])]))
  }),
  ...everyVersion(incrementalAlterConfigs, 'resources that are not there, or named twice', async (t, version) => {
    const { name } = await t.topic('a')
    const set: readonly Change[] = [['retention.ms', operation.set, '5']]
    for (const missing of [t.name('missing'), '', 'not/a/name'])
      await t.ask(incrementalAlterConfigs, version, alter(missing, set))
    for (const resourceType of [resource.unknown, 1, 99]) {
      await t.ask(incrementalAlterConfigs, version, alter('x', set, false, resourceType))
    }
    for (const broker of ['7', 'x', '-1']) {
      await t.ask(
        incrementalAlterConfigs,
        version,
        alter(broker, [['message.max.bytes', operation.set, '1000000']], true, resource.broker),
      )
    }
    const { resources } = alter(name, set)
    await t.ask(incrementalAlterConfigs, version, { resources: [...resources, ...resources], validateOnly: false })
    await t.ask(incrementalAlterConfigs, version, { resources: [], validateOnly: false })
  }),
  once(incrementalAlterConfigs, 'settings of the broker, only checked', async t => {
    const check = (name: string, changes: readonly Change[]) =>
      t.ask(incrementalAlterConfigs, 1, alter(name, changes, true, resource.broker))
    for (const name of ['1', '']) {
      await check(name, [['message.max.bytes', operation.set, '2000000']])
      await check(name, [['message.max.bytes', operation.set, 'x']])
      await check(name, [['num.partitions', operation.set, '2']])
      await check(name, [['no.such.setting', operation.set, '2']])
      await check(name, [['node.id', operation.set, '2']])
      await check(name, [['message.max.bytes', operation.delete, null]])
    }
  }),
]
