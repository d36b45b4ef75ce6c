import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfigs, errorName, incrementalAlterConfigs, type RequestInput } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

type Resource = RequestInput<typeof incrementalAlterConfigs>['resources'][number]
type Change = [name: string, operation: 'set' | 'delete' | 'append' | 'subtract' | number, value: string | null]

const operations = { set: 0, delete: 1, append: 2, subtract: 3 }
const resourceOf = (resourceType: number, resourceName: string, changes: Change[]): Resource => ({
  resourceType,
  resourceName,
  configs: changes.map(([name, operation, value]) => ({
    name,
    configOperation: typeof operation === 'number' ? operation : operations[operation],
    value,
  })),
})
const topic = (name: string, ...changes: Change[]): Resource => resourceOf(2, name, changes)
const brokers = (id: string, ...changes: Change[]): Resource => resourceOf(4, id, changes)

async function alter(
  broker: TestBroker,
  version: number,
  resources: Resource[],
  validateOnly = false,
): Promise<string[]> {
  const { responses } = await broker.request(incrementalAlterConfigs, version, { resources, validateOnly })
  return responses.map(({ errorCode }) => errorName(errorCode))
}

test('sets, removes, extends and shortens settings of a topic in every version; its logs follow', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const config = () => broker.broker.logs.get('t', 0)!.config
  for (const version of versionsOf(incrementalAlterConfigs)) {
    assert.deepEqual(
      await alter(broker, version, [
        topic('t', ['retention.ms', 'set', '5000'], ['cleanup.policy', 'append', 'compact']),
      ]),
      ['NONE'],
    )
    assert.deepEqual([config().retentionMs, config().cleanupCompact, config().cleanupDelete], [5_000, true, true])
    assert.deepEqual(
      await alter(broker, version, [
        topic('t', ['retention.ms', 'delete', null], ['cleanup.policy', 'subtract', 'delete']),
      ]),
      ['NONE'],
    )
    assert.deepEqual(
      [config().retentionMs, config().cleanupCompact, config().cleanupDelete],
      [604_800_000, true, false],
    )
    assert.deepEqual(await alter(broker, version, [topic('t', ['cleanup.policy', 'delete', null])]), ['NONE'])
    assert.deepEqual([config().cleanupCompact, config().cleanupDelete], [false, true])
  }
})

test('changes outlive a restart', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await alter(broker, 1, [
    topic('t', ['retention.ms', 'set', '5000']),
    brokers('1', ['log.segment.bytes', 'set', '3000000']),
  ])
  await broker.restart()
  const { retentionMs, segmentBytes } = broker.broker.logs.get('t', 0)!.config
  assert.deepEqual([retentionMs, segmentBytes], [5_000, 3_000_000])
})

test('all changes of one resource take effect or none', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  assert.deepEqual(
    await alter(broker, 1, [topic('t', ['retention.ms', 'set', '5000'], ['segment.bytes', 'set', 'x'])]),
    ['INVALID_CONFIG'],
  )
  assert.equal(broker.broker.metadata.topic('t')!.overrides.size, 0)
})

test('refuses what Kafka refuses', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const cases: [Resource, string][] = [
    [topic('t', ['nonsense', 'set', '1']), 'INVALID_CONFIG'],
    [topic('t', ['retention.ms', 'append', '1']), 'INVALID_CONFIG'],
    [topic('t', ['retention.ms', 'set', null]), 'INVALID_REQUEST'],
    [topic('t', ['retention.ms', 9, '1']), 'INVALID_REQUEST'],
    [topic('t', ['retention.ms', 'set', '1'], ['retention.ms', 'set', '2']), 'INVALID_REQUEST'],
    [topic('nope', ['retention.ms', 'set', '1']), 'UNKNOWN_TOPIC_OR_PARTITION'],
    [topic('a/b', ['retention.ms', 'set', '1']), 'INVALID_TOPIC_EXCEPTION'],
    [brokers('1', ['num.partitions', 'set', '5']), 'INVALID_REQUEST'],
    [brokers('1', ['log.retention.ms', 'set', 'x']), 'INVALID_REQUEST'],
    [brokers('9', ['log.retention.ms', 'set', '5']), 'INVALID_REQUEST'],
    [resourceOf(99, 'x', []), 'INVALID_REQUEST'],
  ]
  for (const version of versionsOf(incrementalAlterConfigs)) {
    for (const [resource, error] of cases) {
      const names = resource.configs.map(({ name }) => name)
      for (const validateOnly of [true, false])
        assert.deepEqual(await alter(broker, version, [resource], validateOnly), [error], names.join())
    }
    assert.deepEqual(await alter(broker, version, [topic('t'), topic('t')]), ['INVALID_REQUEST', 'INVALID_REQUEST'])
  }
})

test('only validates when it is told so', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  assert.deepEqual(await alter(broker, 1, [topic('t', ['retention.ms', 'set', '5000'])], true), ['NONE'])
  assert.equal(broker.broker.metadata.topic('t')!.overrides.size, 0)
})

test('a setting of the running broker is the default of its topics, above the file', async () => {
  await using broker = await TestBroker.start({ 'log.retention.ms': '1000' })
  await broker.createTopic('t')
  const inForce = async () => {
    const resource = { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] }
    const { results } = await broker.request(describeConfigs, 4, {
      resources: [resource],
      includeSynonyms: false,
      includeDocumentation: false,
    })
    const { value, configSource } = results[0]!.configs[0]!
    return [value, configSource, broker.broker.logs.get('t', 0)!.config.retentionMs]
  }
  assert.deepEqual(await inForce(), ['1000', 4, 1000])
  await alter(broker, 1, [brokers('', ['log.retention.ms', 'set', '2000'])])
  assert.deepEqual(await inForce(), ['2000', 3, 2000])
  await alter(broker, 1, [brokers('1', ['log.retention.ms', 'set', '3000'])])
  assert.deepEqual(await inForce(), ['3000', 2, 3000])
  await alter(broker, 1, [
    brokers('1', ['log.retention.ms', 'delete', null]),
    brokers('', ['log.retention.ms', 'delete', null]),
  ])
  assert.deepEqual(await inForce(), ['1000', 4, 1000])
})
