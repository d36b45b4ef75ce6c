import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterConfigs, describeConfigs, errorName, incrementalAlterConfigs, listConfigResources } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'
import { configResources } from './config-resources.ts'

type Entries = Readonly<Record<string, string | null>>

async function replace(
  broker: TestBroker,
  [type, resourceName]: [type: keyof typeof configResources, name: string],
  entries: Entries,
  { version = 2, validateOnly = false } = {},
): Promise<string> {
  const configs = Object.entries(entries).map(([name, value]) => ({ name, value }))
  const { responses } = await broker.request(alterConfigs, version, {
    resources: [{ resourceType: configResources[type], resourceName, configs }],
    validateOnly,
  })
  return errorName(responses[0]!.errorCode)
}

test('replaces all that was set for a topic, in every version; its logs follow', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(alterConfigs)) {
    const name = `t${version}`
    await broker.createTopic(name, { overrides: { 'retention.ms': '1000', 'segment.bytes': '2000000' } })
    assert.equal(await replace(broker, ['topic', name], { 'retention.ms': '7' }, { version }), 'NONE')
    assert.deepEqual(Object.fromEntries(broker.broker.metadata.topic(name)!.overrides), { 'retention.ms': '7' })
    const { retentionMs, segmentBytes } = broker.broker.logs.get(name, 0)!.config
    assert.deepEqual([retentionMs, segmentBytes], [7, 1_073_741_824])
    assert.equal(await replace(broker, ['topic', name], {}, { version }), 'NONE')
    assert.equal(broker.broker.metadata.topic(name)!.overrides.size, 0)
  }
})

test('what was replaced stays so after a restart', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { overrides: { 'retention.ms': '1000' } })
  await replace(broker, ['topic', 't'], { 'segment.bytes': '2000000' })
  await replace(broker, ['broker', ''], { 'message.max.bytes': '5000' })
  await broker.restart()
  assert.deepEqual(Object.fromEntries(broker.broker.metadata.topic('t')!.overrides), { 'segment.bytes': '2000000' })
  assert.equal(broker.broker.settings.get('message.max.bytes'), 5000)
})

test('changes nothing when one value is wrong, or when it only checks', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { overrides: { 'retention.ms': '1000' } })
  assert.equal(
    await replace(broker, ['topic', 't'], { 'segment.bytes': '2000000', 'segment.ms': 'x' }),
    'INVALID_CONFIG',
  )
  assert.equal(await replace(broker, ['topic', 't'], { 'segment.bytes': '2000000' }, { validateOnly: true }), 'NONE')
  assert.deepEqual(Object.fromEntries(broker.broker.metadata.topic('t')!.overrides), { 'retention.ms': '1000' })
})

test('refuses what Kafka refuses, and a resource that is named twice', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  assert.equal(await replace(broker, ['topic', 't'], { 'retention.ms': null }), 'INVALID_REQUEST')
  assert.equal(await replace(broker, ['topic', 'nope'], {}), 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.equal(await replace(broker, ['brokerLogger', '1'], {}), 'INVALID_REQUEST')
  assert.equal(await replace(broker, ['group', 'g'], { 'share.session.timeout.ms': '50000' }), 'INVALID_CONFIG')
  const twice = { resourceType: configResources.topic, resourceName: 't', configs: [] }
  const { responses } = await broker.request(alterConfigs, 2, { resources: [twice, twice], validateOnly: false })
  assert.deepEqual(
    responses.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_REQUEST', 'INVALID_REQUEST'],
  )
})

test('subscriptions to client metrics: checked, kept over a restart, described, listed, and gone with their last setting', async () => {
  await using broker = await TestBroker.start()
  const subscription: ['clientMetrics', string] = ['clientMetrics', 'slow-producers']
  const wrong: [Entries, string][] = [
    [{ 'no.such.setting': '1' }, 'INVALID_REQUEST'],
    [{ 'interval.ms': '99' }, 'INVALID_REQUEST'],
    [{ 'interval.ms': 'x' }, 'INVALID_CONFIG'],
    [{ match: 'client_id' }, 'INVALID_CONFIG'],
    [{ match: 'client_id=' }, 'INVALID_CONFIG'],
    [{ match: 'client_id=(' }, 'INVALID_CONFIG'],
    [{ match: 'colour=blue' }, 'INVALID_CONFIG'],
  ]
  for (const [entries, error] of wrong) assert.equal(await replace(broker, subscription, entries), error)
  assert.equal(await replace(broker, ['clientMetrics', ''], { 'interval.ms': '1000' }), 'INVALID_REQUEST')

  const listed = async () => {
    const { configResources: found } = await broker.request(listConfigResources, 1, { resourceTypes: [16] })
    return found.map(({ resourceName }) => resourceName)
  }
  assert.deepEqual(await listed(), [])
  assert.equal(await replace(broker, subscription, { 'interval.ms': '1000', match: 'client_id=slow.*' }), 'NONE')
  await broker.restart()
  assert.deepEqual(await listed(), ['slow-producers'])
  const { results } = await broker.request(describeConfigs, 4, {
    resources: [{ resourceType: 16, resourceName: 'slow-producers', configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: true,
  })
  assert.deepEqual(
    results[0]!.configs.map(({ name, value, configSource }) => [name, value, configSource]),
    [
      ['interval.ms', '1000', 7],
      ['match', 'client_id=slow.*', 7],
      ['metrics', '', 5],
    ],
  )
  assert.ok(results[0]!.configs.every(({ documentation }) => documentation))
  assert.equal(await replace(broker, subscription, {}), 'NONE')
  assert.deepEqual(await listed(), [])
})

test('what has settings can be listed by its kind', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await replace(broker, ['group', 'g'], { 'consumer.session.timeout.ms': '50000' })
  await replace(broker, ['clientMetrics', 'm'], { 'interval.ms': '1000' })
  const list = async (version: number, ...resourceTypes: number[]) => {
    const answer = await broker.request(listConfigResources, version, { resourceTypes })
    if (answer.errorCode !== 0) return errorName(answer.errorCode)
    return answer.configResources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`).sort()
  }
  assert.deepEqual(await list(0), ['16 m'])
  assert.deepEqual(await list(1), ['16 m', '2 t', '32 g', '4 1', '8 1'])
  assert.deepEqual(await list(1, 2, 2, 32), ['2 t', '32 g'])
  assert.equal(await list(1, 2, 7), 'UNSUPPORTED_VERSION')
})

test('loggers can be asked for, and there are none', async () => {
  await using broker = await TestBroker.start()
  const { results } = await broker.request(describeConfigs, 4, {
    resources: [{ resourceType: 8, resourceName: '1', configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  assert.deepEqual([results[0]!.errorCode, results[0]!.configs], [0, []])
  const { responses } = await broker.request(incrementalAlterConfigs, 1, {
    resources: [
      { resourceType: 8, resourceName: '1', configs: [{ name: 'root', configOperation: 0, value: 'DEBUG' }] },
    ],
    validateOnly: false,
  })
  assert.deepEqual(
    responses.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage]),
    [['INVALID_CONFIG', 'Logger root does not exist!']],
  )
})
