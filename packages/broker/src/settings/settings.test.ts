import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerSettings } from './broker-settings.ts'
import { kafkaBrokerSettings, kafkaTopicSettings } from './kafka-settings.ts'
import { nearestName } from './nearest-name.ts'
import { parseSetting, SettingError, type SettingFact } from './setting.ts'
import { checkDynamicSetting, Settings } from './settings.ts'
import {
  brokerConfigEntries,
  checkTopicOverrides,
  logConfigOf,
  textInForce,
  topicConfigEntries,
} from './topic-config.ts'

const settingsOf = (properties: Record<string, string> = {}): Settings =>
  new Settings(new Map(Object.entries(properties)))
const overridesOf = (overrides: Record<string, string>) => new Map(Object.entries(overrides))

function warningsOf(properties: Record<string, string>): unknown[] {
  const warnings: unknown[] = []
  const ignore = (): undefined => undefined
  const warn = (fields: object): unknown => warnings.push(fields)
  new Settings(new Map(Object.entries(properties)), { debug: ignore, info: ignore, warn, error: ignore })
  return warnings
}

test('has a default for every setting, and every default is allowed', () => {
  const settings = settingsOf()
  for (const [name, setting] of brokerSettings) {
    if (setting.default !== null) assert.doesNotThrow(() => parseSetting(name, setting, setting.default!), name)
  }
  assert.equal(settings.get('num.partitions'), 1)
  assert.equal(settings.get('message.max.bytes'), 1_048_588)
  assert.equal(settings.get('log.retention.ms'), null)
  for (const [name, fact] of Object.entries<SettingFact>(kafkaTopicSettings)) {
    if (fact.default !== null) assert.doesNotThrow(() => parseSetting(name, fact, fact.default!), name)
  }
})

test('takes "no limit" for the largest exact number', () => {
  assert.equal(settingsOf().get('log.flush.interval.messages'), Number.MAX_SAFE_INTEGER)
})

test('warns once of a setting that only Kafka uses', () => {
  assert.ok(kafkaBrokerSettings['num.io.threads'])
  assert.deepEqual(warningsOf({ 'num.io.threads': '8', 'num.partitions': '3' }), [{ setting: 'num.io.threads' }])
})

test('refuses a name that nobody knows and proposes the nearest', () => {
  assert.throws(
    () => settingsOf({ 'num.partition': '3' }),
    new SettingError('Unknown setting num.partition: did you mean num.partitions?'),
  )
  assert.throws(() => settingsOf({ 'log.retentoin.ms': '3' }), /did you mean log\.retention\.ms\?/)
  assert.throws(() => settingsOf({ zzzzzzzzzzzzzz: '3' }), new SettingError('Unknown setting zzzzzzzzzzzzzz'))
})

test('says of a topic setting that the broker has another name for it', () => {
  assert.throws(() => settingsOf({ 'retention.ms': '1' }), /retention\.ms is a setting of topics, not of the broker/)
})

test('refuses values that Kafka refuses, in the same words', () => {
  const cases: [string, string, string][] = [
    ['num.partitions', '0', 'Invalid value 0 for configuration num.partitions: Value must be at least 1'],
    ['num.partitions', 'many', 'Invalid value many for configuration num.partitions: Not a number of type INT'],
    [
      'num.partitions',
      '2147483648',
      'Invalid value 2147483648 for configuration num.partitions: Not a number of type INT',
    ],
    [
      'log.retention.bytes',
      '9223372036854775808',
      'Invalid value 9223372036854775808 for configuration log.retention.bytes: Not a number of type LONG',
    ],
    [
      'auto.create.topics.enable',
      'yes',
      'Invalid value yes for configuration auto.create.topics.enable: Expected value to be either true or false',
    ],
    [
      'log.cleanup.policy',
      'delete,burn',
      'Invalid value burn for configuration log.cleanup.policy: String must be one of: compact, delete',
    ],
    [
      'log.cleaner.min.cleanable.ratio',
      '2',
      'Invalid value 2 for configuration log.cleaner.min.cleanable.ratio: Value must be no more than 1',
    ],
    [
      'log.cleaner.min.cleanable.ratio',
      '',
      'Invalid value  for configuration log.cleaner.min.cleanable.ratio: Not a number of type DOUBLE',
    ],
  ]
  for (const [name, value, message] of cases)
    assert.throws(() => settingsOf({ [name]: value }), new SettingError(message))
})

test('accepts -1 for a compression level that otherwise begins at 1', () => {
  assert.equal(settingsOf({ 'compression.gzip.level': '-1' }).get('compression.gzip.level'), -1)
  assert.throws(() => settingsOf({ 'compression.gzip.level': '0' }), SettingError)
})

test('orders what is changed while running above the file, and the file above the default', () => {
  const settings = settingsOf({ 'log.retention.ms': '1000' })
  settings.setDynamic({
    allBrokers: overridesOf({ 'log.retention.ms': '2000' }),
    thisBroker: overridesOf({ 'log.retention.ms': '3000' }),
  })
  assert.equal(settings.get('log.retention.ms'), 3000)
  assert.deepEqual(
    settings.entries('log.retention.ms').map(({ source, text }) => [source, text]),
    [
      ['dynamicBroker', '3000'],
      ['dynamicDefault', '2000'],
      ['static', '1000'],
    ],
  )
  settings.setDynamic({ allBrokers: new Map(), thisBroker: new Map() })
  assert.equal(settings.get('log.retention.ms'), 1000)
})

test('lets only dynamic settings be changed while the broker runs', () => {
  assert.doesNotThrow(() => checkDynamicSetting('log.retention.ms', '5'))
  assert.throws(
    () => checkDynamicSetting('num.partitions', '5'),
    /Cannot update these configs dynamically: \[num\.partitions\]/,
  )
  assert.throws(() => checkDynamicSetting('num.io.threads', '5'), /has no effect/)
  assert.throws(() => checkDynamicSetting('log.retention.mss', '5'), /did you mean log\.retention\.ms/)
  assert.throws(() => checkDynamicSetting('log.retention.ms', 'x'), SettingError)
})

test('derives a topic setting from the nearest broker setting that is set', () => {
  const nothing = new Map()
  assert.equal(logConfigOf(nothing, settingsOf()).retentionMs, 604_800_000)
  assert.equal(logConfigOf(nothing, settingsOf({ 'log.retention.hours': '2' })).retentionMs, 7_200_000)
  assert.equal(
    logConfigOf(nothing, settingsOf({ 'log.retention.hours': '2', 'log.retention.minutes': '3' })).retentionMs,
    180_000,
  )
  assert.equal(
    logConfigOf(nothing, settingsOf({ 'log.retention.minutes': '3', 'log.retention.ms': '4' })).retentionMs,
    4,
  )
  assert.equal(
    logConfigOf(overridesOf({ 'retention.ms': '5' }), settingsOf({ 'log.retention.ms': '4' })).retentionMs,
    5,
  )
})

test('says where a topic setting comes from as Kafka does', () => {
  const settings = settingsOf({ 'log.segment.bytes': '2000000' })
  const overrides = overridesOf({ 'segment.bytes': '3000000' })
  assert.deepEqual(topicConfigEntries('segment.bytes', overrides, settings), [
    { name: 'segment.bytes', source: 'topic', text: '3000000' },
    { name: 'log.segment.bytes', source: 'static', text: '2000000' },
    { name: 'log.segment.bytes', source: 'default', text: '1073741824' },
  ])
  // Without log.retention.ms itself Kafka names no synonym at all, although the hours have a default.
  assert.deepEqual(topicConfigEntries('retention.ms', new Map(), settings), [])
  assert.deepEqual(brokerConfigEntries('log.retention.ms', settingsOf({ 'log.retention.ms': '7' })), [
    { name: 'log.retention.ms', source: 'static', text: '7' },
    { name: 'log.retention.hours', source: 'default', text: '168' },
  ])
  assert.equal(textInForce('retention.ms', new Map(), settings).text, '604800000')
})

test('refuses overrides that contradict each other or need what is not there', () => {
  const check = (overrides: Record<string, string>): void => checkTopicOverrides(overridesOf(overrides), settingsOf())
  assert.throws(() => check({ nonsense: '1' }), new SettingError('Unknown topic config name: nonsense'))
  assert.throws(() => check({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }), /conflict topic config/)
  assert.throws(() => check({ 'remote.storage.enable': 'true' }), /Tiered Storage/)
  assert.throws(() => check({ 'segment.bytes': '10' }), /Value must be at least 1048576/)
  assert.doesNotThrow(() => check({ 'cleanup.policy': 'compact, delete', 'compression.type': 'zstd' }))
})

test('proposes a name only when it is near', () => {
  assert.equal(nearestName('listner', ['listeners', 'log.dirs']), 'listeners')
  assert.equal(nearestName('xyz', ['listeners', 'log.dirs']), null)
})
