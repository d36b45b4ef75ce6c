import {
  describeCluster,
  describeTopicPartitions,
  findCoordinator,
  metadata,
  type RequestInput,
  type Response,
} from '@ottla/protocol'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { noId, strangeId } from './requests.ts'

type MetadataInput = RequestInput<typeof metadata>

const byName = (...names: (string | null)[]): MetadataInput => ({
  topics: names.map(name => ({ name, topicId: noId })),
  allowAutoTopicCreation: false,
})
const byId = (...ids: string[]): MetadataInput => ({
  topics: ids.map(topicId => ({ name: null, topicId })),
  allowAutoTopicCreation: false,
})

/** Up to version 3 asking for a topic makes it, if the setting allows: nothing but topics that exist can be asked for. */
const firstWithChoice = 4

export const metadataScenarios: readonly Scenario[] = [
  ...everyVersion(metadata, 'topics by name', async (t, version) => {
    const a = await t.topic('a', { partitions: 3 })
    const b = await t.topic('b')
    await t.ask(metadata, version, byName(a.name))
    await t.ask(metadata, version, byName(b.name, a.name))
    await t.ask(metadata, version, byName(a.name, a.name))
    await t.ask(metadata, version, byName('not/a/name', '', a.name))
    await t.ask(metadata, version, byName('..'))
    await t.ask(metadata, version, byName('x'.repeat(250)))
    if (version >= firstWithChoice) await t.ask(metadata, version, byName(t.name('missing')))
  }),
  ...everyVersion(metadata, 'all topics, or none', async (t, version) => {
    await t.topic('a', { partitions: 2 })
    const own = (answer: Response<typeof metadata>) => ({
      ...answer,
      topics: answer.topics.filter(({ name }) => t.isOwn(name)),
    })
    await t.ask(metadata, version, { topics: version === 0 ? [] : null, allowAutoTopicCreation: false }, own)
    if (version > 0) await t.ask(metadata, version, byName())
  }),
  ...everyVersion(
    metadata,
    'operations that are allowed',
    async (t, version) => {
      const a = await t.topic('a')
      for (const included of [true, false]) {
        await t.ask(metadata, version, {
          ...byName(a.name),
          includeClusterAuthorizedOperations: included,
          includeTopicAuthorizedOperations: included,
        })
      }
    },
    { since: 8 },
  ),
  ...everyVersion(
    metadata,
    'topics by id',
    async (t, version) => {
      const a = await t.topic('a')
      const speaker = async (body: MetadataInput) => {
        const client = await t.client('by-id')
        await client.askInVain(metadata, version, body)
        client.close()
      }
      await speaker(byId(a.id))
      await speaker(byId(strangeId))
      await speaker(byId(a.id, strangeId, a.id))
      await speaker({ topics: [{ name: a.name, topicId: a.id }], allowAutoTopicCreation: false })
      await speaker({ topics: [{ name: t.name('missing'), topicId: a.id }], allowAutoTopicCreation: false })
    },
    { since: 10 },
  ),
  ...everyVersion(metadata, 'a topic that is made by asking for it', async (t, version) => {
    const name = t.name('wished-for')
    await t.askUntil(
      metadata,
      version,
      { ...byName(name), allowAutoTopicCreation: true },
      ({ topics: [found] }) => found?.errorCode === 0 && found.partitions.every(({ leaderId }) => leaderId >= 0),
    )
  }),
  once(metadata, 'the topic of committed offsets is internal', async t => {
    await t.ask(metadata, 12, byName('__consumer_offsets'))
  }),
]

export const describeClusterScenarios: readonly Scenario[] = [
  ...everyVersion(describeCluster, 'the cluster', async (t, version) => {
    for (const includeClusterAuthorizedOperations of [false, true]) {
      await t.ask(describeCluster, version, { includeClusterAuthorizedOperations })
    }
    if (version === 0) return
    for (const endpointType of [0, 1, 2, 3, -1]) {
      await t.ask(describeCluster, version, { includeClusterAuthorizedOperations: false, endpointType })
    }
    if (version === 1) return
    await t.ask(describeCluster, version, { includeClusterAuthorizedOperations: false, includeFencedBrokers: true })
  }),
]

export const describeTopicPartitionsScenarios: readonly Scenario[] = [
  ...everyVersion(describeTopicPartitions, 'topics, page by page', async (t, version) => {
    const a = await t.topic('a', { partitions: 3 })
    const b = await t.topic('b', { partitions: 2 })
    const c = await t.topic('c')
    const all = [c, a, b].map(({ name }) => ({ name }))
    const ask = (body: RequestInput<typeof describeTopicPartitions>) => t.ask(describeTopicPartitions, version, body)
    await ask({ topics: all })
    await ask({ topics: [{ name: a.name }, { name: t.name('missing') }] })
    for (const name of ['not/a/name', '', '..']) await ask({ topics: [{ name: a.name }, { name }] })
    await ask({ topics: [{ name: a.name }, { name: a.name }] })
    await ask({ topics: [], responsePartitionLimit: 4, cursor: { topicName: a.name, partitionIndex: 1 } })
    for (const responsePartitionLimit of [1, 2, 3, 4, 6, 0, -1]) await ask({ topics: all, responsePartitionLimit })
    for (const [topicName, partitionIndex] of [
      [a.name, 0],
      [a.name, 2],
      [a.name, 3],
      [b.name, 1],
      [t.name('aa'), 0],
      [t.name('zzz'), 0],
    ] as const) {
      await ask({ topics: all, responsePartitionLimit: 2, cursor: { topicName, partitionIndex } })
    }
    await (await t.client('negative')).askInVain(describeTopicPartitions, version, {
      topics: all,
      cursor: { topicName: a.name, partitionIndex: -1 },
    })
  }),
]

export const findCoordinatorScenarios: readonly Scenario[] = [
  ...everyVersion(findCoordinator, 'of groups', async (t, version) => {
    const ask = (...keys: string[]) =>
      t.ask(findCoordinator, version, { keyType: 0, coordinatorKeys: keys, key: keys[0] ?? '' })
    await ask(t.name('a'))
    await ask(t.name('a'), t.name('b'))
    await ask(t.name('a'), t.name('a'))
    await ask('')
    await ask()
  }),
  ...everyVersion(
    findCoordinator,
    'kinds that do not exist, or are not for everyone',
    async (t, version) => {
      for (const keyType of [3, -1, 127]) {
        const client = await t.client(`kind ${keyType}`)
        await client.askInVain(findCoordinator, version, { keyType, coordinatorKeys: [t.name('a')], key: t.name('a') })
      }
    },
    { since: 1 },
  ),
  ...everyVersion(
    findCoordinator,
    'of share partitions',
    async (t, version) => {
      for (const key of [t.name('a'), '', `${t.name('g')}:${strangeId}:0`, 'a:b:c', 'a:b', `g:${strangeId}:x`]) {
        const client = await t.client('share')
        await client.askInVain(findCoordinator, version, { keyType: 2, coordinatorKeys: [key], key })
      }
    },
    { since: 1, until: 5 },
  ),
]
