import { createPartitions, createTopics, deleteTopics, type RequestInput, type Response } from '@ottla/protocol'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { noId, strangeId } from './requests.ts'

type NewTopic = RequestInput<typeof createTopics>['topics'][number]

/** Kafka's answer holds all settings of a topic; one scenario compares them, the others leave them out. */
export function withoutConfigs(answer: Response<typeof createTopics>): Response<typeof createTopics> {
  return { ...answer, topics: answer.topics.map(topic => ({ ...topic, configs: [] })) }
}

function newTopic(name: string, options: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...options }
}

const create = (topics: readonly NewTopic[], validateOnly = false) => ({ topics, timeoutMs: 20_000, validateOnly })

export const createTopicsScenarios: readonly Scenario[] = [
  ...everyVersion(createTopics, 'a topic, with all its settings', async (t, version) => {
    await t.ask(createTopics, version, create([newTopic(t.name('a'), { numPartitions: 3 })]))
    await t.untilServed(t.name('a'), 3)
    await t.ask(createTopics, version, create([newTopic(t.name('a'))]), withoutConfigs)
    const configs = [
      { name: 'retention.ms', value: '1000' },
      { name: 'cleanup.policy', value: 'compact,delete' },
    ]
    await t.ask(createTopics, version, create([newTopic(t.name('b'), { configs })]))
  }),
  ...everyVersion(createTopics, 'numbers of partitions and replicas', async (t, version) => {
    const ask = (suffix: string, numPartitions: number, replicationFactor: number) =>
      t.ask(
        createTopics,
        version,
        create([newTopic(t.name(suffix), { numPartitions, replicationFactor })]),
        withoutConfigs,
      )
    await ask('zero', 0, 1)
    await ask('negative', -2, 1)
    await ask('no-replica', 1, 0)
    await ask('negative-replica', 1, -2)
    await ask('two-replicas', 1, 2)
    await ask('neither', 0, 0)
    await ask('default-partitions', -1, 1)
    await ask('default-replicas', 1, -1)
    await ask('defaults', -1, -1)
  }),
  ...everyVersion(createTopics, 'names', async (t, version) => {
    const names = [
      '',
      '.',
      '..',
      'a/b',
      'a b',
      'a\u00e9',
      'x'.repeat(249),
      'x'.repeat(250),
      '__consumer_offsets',
      '__cluster_metadata',
    ]
    for (const name of names) {
      await t.ask(createTopics, version, create([newTopic(name)], true), withoutConfigs)
    }
    await t.ask(createTopics, version, create([newTopic(t.name('a.b'))]), withoutConfigs)
    await t.untilServed(t.name('a.b'), 1)
    await t.ask(createTopics, version, create([newTopic(t.name('a_b'))]), withoutConfigs)
  }),
  ...everyVersion(createTopics, 'only checked', async (t, version) => {
    await t.ask(createTopics, version, create([newTopic(t.name('a'))], true), withoutConfigs)
    await t.ask(createTopics, version, create([newTopic(t.name('a'))]), withoutConfigs)
    await t.untilServed(t.name('a'), 1)
    await t.ask(createTopics, version, create([newTopic(t.name('a'))], true), withoutConfigs)
  }),
  ...everyVersion(createTopics, 'several, some wrong, one twice', async (t, version) => {
    await t.ask(
      createTopics,
      version,
      create([
        newTopic(t.name('good')),
        newTopic(t.name('bad'), { replicationFactor: 5 }),
        newTopic('a b'),
        newTopic(t.name('twice')),
        newTopic(t.name('twice'), { numPartitions: 2 }),
      ]),
      withoutConfigs,
    )
    await t.ask(createTopics, version, create([]), withoutConfigs)
  }),
  ...everyVersion(createTopics, 'replicas assigned by hand', async (t, version) => {
    const ask = (
      suffix: string,
      assigned: readonly (readonly [number, readonly number[]])[],
      options: Partial<NewTopic> = {},
    ) =>
      t.ask(
        createTopics,
        version,
        create([
          newTopic(t.name(suffix), {
            numPartitions: -1,
            replicationFactor: -1,
            assignments: assigned.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
            ...options,
          }),
        ]),
        withoutConfigs,
      )
    await ask('good', [
      [0, [1]],
      [1, [1]],
    ])
    await ask('order', [
      [1, [1]],
      [0, [1]],
    ])
    await ask('gap', [
      [0, [1]],
      [2, [1]],
    ])
    await ask('from-1', [[1, [1]]])
    await ask('negative', [[-1, [1]]])
    await ask('twice', [
      [0, [1]],
      [0, [1]],
    ])
    await ask('stranger', [[0, [9]]])
    await ask('both', [[0, [1, 9]]])
    await ask('doubled', [[0, [1, 1]]])
    await ask('nobody', [[0, []]])
    await ask('uneven', [
      [0, [1]],
      [1, []],
    ])
    await ask('counts', [[0, [1]]], { numPartitions: 1 })
    await ask('factors', [[0, [1]]], { replicationFactor: 1 })
  }),
  ...everyVersion(createTopics, 'settings that are wrong', async (t, version) => {
    let count = 0
    for (const [name, value] of wrongTopicConfigs) {
      await t.ask(
        createTopics,
        version,
        create([newTopic(t.name(`t${count++}`), { configs: [{ name, value }] })], true),
        withoutConfigs,
      )
    }
  }),
]

/** Unknown names, values of another type, out of range, or not among those allowed; and values that are odd but right. */
export const wrongTopicConfigs: readonly (readonly [name: string, value: string | null])[] = [
  ['no.such.setting', '1'],
  ['', '1'],
  ['retention.ms', 'soon'],
  ['retention.ms', ''],
  ['retention.ms', null],
  ['retention.ms', '-2'],
  ['retention.ms', '-1'],
  ['retention.ms', ' 1000 '],
  ['retention.ms', '1.5'],
  ['retention.ms', '99999999999999999999'],
  ['retention.bytes', 'x'],
  ['segment.bytes', '0'],
  ['segment.bytes', '13'],
  ['segment.bytes', '2147483648'],
  ['segment.ms', '0'],
  ['max.message.bytes', '-1'],
  ['cleanup.policy', 'shred'],
  ['cleanup.policy', ''],
  ['cleanup.policy', 'compact,shred'],
  ['cleanup.policy', 'delete,delete'],
  ['cleanup.policy', ' compact , delete '],
  ['compression.type', 'rar'],
  ['compression.type', 'GZIP'],
  ['compression.gzip.level', '10'],
  ['compression.gzip.level', '-1'],
  ['compression.zstd.level', '99'],
  ['compression.lz4.level', '0'],
  ['message.timestamp.type', 'Never'],
  ['message.timestamp.after.max.ms', '-1'],
  ['min.insync.replicas', '0'],
  ['min.cleanable.dirty.ratio', '1.5'],
  ['min.cleanable.dirty.ratio', 'half'],
  ['min.compaction.lag.ms', '10000000000000000'],
  ['max.compaction.lag.ms', '0'],
  ['unclean.leader.election.enable', 'maybe'],
  ['preallocate', 'TRUE'],
  ['preallocate', 'yes'],
  ['flush.messages', '0'],
  ['file.delete.delay.ms', '-1'],
  ['index.interval.bytes', '-1'],
  ['remote.storage.enable', 'true'],
  ['local.retention.ms', '-3'],
  ['message.format.version', '3.0'],
  ['leader.replication.throttled.replicas', 'x'],
  ['leader.replication.throttled.replicas', '*'],
]

export const deleteTopicsScenarios: readonly Scenario[] = [
  ...everyVersion(deleteTopics, 'by name', async (t, version) => {
    const a = await t.topic('a')
    const b = await t.topic('b', { partitions: 2 })
    const ask = (...names: string[]) =>
      t.ask(deleteTopics, version, {
        topicNames: names,
        topics: names.map(name => ({ name, topicId: noId })),
        timeoutMs: 20_000,
      })
    await ask(a.name, t.name('missing'))
    await t.untilGone(a.name)
    await ask(a.name)
    await ask(b.name, b.name)
    await ask('')
    await ask('not/a/name')
    await ask()
    await ask(b.name)
    await t.untilGone(b.name)
    await t.topic('a')
  }),
  once(deleteTopics, 'by id', async t => {
    const a = await t.topic('a')
    const b = await t.topic('b')
    const ask = (...topics: { name: string | null; topicId: string }[]) =>
      t.ask(deleteTopics, 6, { topics, timeoutMs: 20_000 })
    await ask({ name: null, topicId: strangeId })
    await ask({ name: null, topicId: noId })
    await ask({ name: a.name, topicId: a.id })
    await ask({ name: null, topicId: a.id }, { name: null, topicId: a.id })
    await ask({ name: null, topicId: b.id }, { name: b.name, topicId: noId })
    await ask({ name: null, topicId: a.id })
    await t.untilGone(a.name)
    await ask({ name: null, topicId: a.id })
  }),
]

export const createPartitionsScenarios: readonly Scenario[] = [
  ...everyVersion(createPartitions, 'more partitions', async (t, version) => {
    const { name } = await t.topic('a', { partitions: 2 })
    const ask = (count: number, brokerIds: readonly (readonly number[])[] | null = null, validateOnly = false) =>
      t.ask(createPartitions, version, {
        topics: [{ name, count, assignments: brokerIds?.map(ids => ({ brokerIds: ids })) ?? null }],
        timeoutMs: 20_000,
        validateOnly,
      })
    for (const count of [2, 1, 0, -1]) await ask(count)
    await ask(5, null, true)
    await ask(3)
    await t.untilServed(name, 3)
    await ask(5, [[1]])
    await ask(4, [[1], [1]])
    await ask(4, [[9]])
    await ask(4, [[1, 9]])
    await ask(4, [[1, 1]])
    await ask(4, [[]])
    await ask(4, [])
    await ask(4, [[1]])
    await t.untilServed(name, 4)
    await ask(4, [[1]])
    await ask(20_000)
  }),
  ...everyVersion(createPartitions, 'topics that are not there, or named twice', async (t, version) => {
    const { name } = await t.topic('a')
    const ask = (...names: string[]) =>
      t.ask(createPartitions, version, {
        topics: names.map(name => ({ name, count: 2, assignments: null })),
        timeoutMs: 20_000,
        validateOnly: false,
      })
    await ask(t.name('missing'))
    await ask('')
    await ask('not/a/name')
    await ask(name, name)
    await ask(t.name('missing'), name)
    await ask()
  }),
]
