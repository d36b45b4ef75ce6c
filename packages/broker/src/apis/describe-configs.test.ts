import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfigs, errorName, type RequestInput } from '@ottla/protocol'
import { kafkaBrokerSettings } from '../settings/kafka-settings.ts'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

type Resource = RequestInput<typeof describeConfigs>['resources'][number]

async function ask(
  broker: TestBroker,
  version: number,
  resource: Resource,
  options: { synonyms?: boolean; documentation?: boolean } = {},
) {
  const answer = await broker.request(describeConfigs, version, {
    resources: [resource],
    includeSynonyms: options.synonyms ?? false,
    includeDocumentation: options.documentation ?? false,
  })
  const { errorCode, ...result } = answer.results[0]!
  return { ...result, error: errorName(errorCode) }
}

const topic = (resourceName: string, configurationKeys: string[] | null = null): Resource => ({
  resourceType: 2,
  resourceName,
  configurationKeys,
})
const brokerResource = (resourceName: string, configurationKeys: string[] | null = null): Resource => ({
  resourceType: 4,
  resourceName,
  configurationKeys,
})

test("describes a topic's settings in every version, with their sources", async () => {
  await using broker = await TestBroker.start({ 'log.segment.bytes': '2000000' })
  await broker.createTopic('t', { overrides: { 'retention.ms': '1234' } })
  for (const version of versionsOf(describeConfigs)) {
    const { error, configs } = await ask(
      broker,
      version,
      topic('t', ['retention.ms', 'segment.bytes', 'cleanup.policy']),
      { synonyms: true },
    )
    assert.equal(error, 'NONE')
    const typed = (type: number) => (version >= 3 ? type : 0)
    const of = (name: string) => {
      const { value, configSource, configType, readOnly, synonyms } = configs.find(config => config.name === name)!
      return { value, configSource, configType, readOnly, synonyms }
    }
    assert.deepEqual(of('retention.ms'), {
      value: '1234',
      configSource: 1,
      configType: typed(5),
      readOnly: false,
      synonyms: [{ name: 'retention.ms', value: '1234', source: 1 }],
    })
    assert.deepEqual(of('segment.bytes'), {
      value: '2000000',
      configSource: 4,
      configType: typed(3),
      readOnly: false,
      synonyms: [
        { name: 'log.segment.bytes', value: '2000000', source: 4 },
        { name: 'log.segment.bytes', value: '1073741824', source: 5 },
      ],
    })
    assert.deepEqual(of('cleanup.policy'), {
      value: 'delete',
      configSource: 5,
      configType: typed(7),
      readOnly: false,
      synonyms: [{ name: 'log.cleanup.policy', value: 'delete', source: 5 }],
    })
    assert.equal((await ask(broker, version, topic('t'))).configs.length, 37)
  }
})

test('documents every setting from version 3 on, if it is asked to', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  for (const version of [3, 4]) {
    for (const resource of [topic('t'), brokerResource('1')]) {
      const { configs } = await ask(broker, version, resource, { documentation: true })
      for (const { name, documentation } of configs) assert.match(documentation ?? '', /.+\.$/, name)
    }
  }
})

test('describes this broker, its defaults for all brokers, and no other', async () => {
  await using broker = await TestBroker.start({ 'num.partitions': '3' })
  const { configs } = await ask(broker, 4, brokerResource('1', ['num.partitions', 'message.max.bytes']), {
    synonyms: true,
  })
  const of = (name: string) => configs.find(config => config.name === name)!
  assert.deepEqual(
    [of('num.partitions').value, of('num.partitions').configSource, of('num.partitions').readOnly],
    ['3', 4, true],
  )
  assert.deepEqual(
    [of('message.max.bytes').value, of('message.max.bytes').configSource, of('message.max.bytes').readOnly],
    ['1048588', 5, false],
  )
  assert.deepEqual((await ask(broker, 4, brokerResource(''))).configs, [])
  assert.equal((await ask(broker, 4, brokerResource('7'))).error, 'INVALID_REQUEST')
})

test('knows no topic, no name and no kind of resource that is not there', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(describeConfigs)) {
    assert.equal((await ask(broker, version, topic('nope'))).error, 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal((await ask(broker, version, topic('a/b'))).error, 'INVALID_TOPIC_EXCEPTION')
    assert.equal(
      (await ask(broker, version, { resourceType: 99, resourceName: '', configurationKeys: null })).error,
      'INVALID_REQUEST',
    )
  }
})

test('all of the settings that Kafka has are there; those that change nothing here say so and show what was configured', async () => {
  await using broker = await TestBroker.start({ 'num.io.threads': '3', 'ssl.key.password': 'secret' })
  const { results } = await broker.request(describeConfigs, 4, {
    resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  const { configs } = results[0]!
  assert.deepEqual(configs.map(({ name }) => name).sort(), Object.keys(kafkaBrokerSettings).sort())
  const unused = configs.find(({ name }) => name === 'num.io.threads')
  assert.deepEqual(
    [unused?.value, unused?.readOnly, unused?.configSource, unused?.documentation],
    ['3', true, 4, 'A setting of Apache Kafka that has no effect here.'],
  )
  const secret = configs.find(({ name }) => name === 'ssl.key.password')
  assert.deepEqual(
    [secret?.value, secret?.isSensitive, ...secret!.synonyms.map(({ value }) => value)],
    [null, true, null],
  )
})
