/** Partitions' leaders, replicas and directories, and the metadata quorum: administration that a cluster needs, asked of one node. */
import {
  alterPartitionReassignments,
  alterReplicaLogDirs,
  apiVersions,
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  describeLogDirs,
  describeQuorum,
  electLeaders,
  listPartitionReassignments,
  produce,
  type RequestInput,
  type Response,
  updateFeatures,
} from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { alone, everyVersion, type Scenario } from '../scenario.ts'
import { batch, produceRequest } from './requests.ts'

type ElectedInput = NonNullable<RequestInput<typeof electLeaders>['topicPartitions']>

const preferred = 0
const unclean = 1

export const electLeadersScenarios: readonly Scenario[] = [
  ...everyVersion(electLeaders, 'of partitions that have their leader', async (t, version) => {
    const a = await t.topic('a', { partitions: 3 })
    const ask = (topicPartitions: ElectedInput | null, electionType = preferred) =>
      t.ask(electLeaders, version, { electionType, topicPartitions, timeoutMs: 10_000 }, answer => ({
        ...answer,
        replicaElectionResults: answer.replicaElectionResults.filter(
          ({ topic }) => topicPartitions !== null || t.isOwn(topic),
        ),
      }))
    for (const electionType of version === 0 ? [preferred] : [preferred, unclean]) {
      await ask([{ topic: a.name, partitions: [0, 2] }], electionType)
      await ask(
        [
          { topic: a.name, partitions: [1, 7, -1] },
          { topic: t.name('missing'), partitions: [0] },
        ],
        electionType,
      )
      await ask([{ topic: 'not/a/name', partitions: [0] }], electionType)
      await ask([{ topic: '', partitions: [0] }], electionType)
      await ask([{ topic: a.name, partitions: [0, 0] }], electionType)
      await ask([{ topic: a.name, partitions: [] }], electionType)
      await ask([], electionType)
      await ask(null, electionType)
    }
  }),
  ...everyVersion(
    electLeaders,
    'of a kind that does not exist',
    async (t, version) => {
      const a = await t.topic('a')
      for (const electionType of [2, -1]) {
        const client = await t.client(`kind ${electionType}`)
        await client.askInVain(electLeaders, version, {
          electionType,
          topicPartitions: [{ topic: a.name, partitions: [0] }],
          timeoutMs: 10_000,
        })
      }
    },
    { since: 1 },
  ),
]

type Reassigned = RequestInput<typeof alterPartitionReassignments>['topics'][number]

export const alterPartitionReassignmentsScenarios: readonly Scenario[] = [
  ...everyVersion(alterPartitionReassignments, 'to this node, and to none', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const ask = (topics: readonly Reassigned[], more: { allowReplicationFactorChange?: boolean } = {}) =>
      t.ask(alterPartitionReassignments, version, { timeoutMs: 10_000, topics, ...more })
    const of = (name: string, partitionIndex: number, replicas: readonly number[] | null): Reassigned => ({
      name,
      partitions: [{ partitionIndex, replicas }],
    })
    await ask([of(a.name, 0, [1])])
    await ask([of(a.name, 1, null)])
    for (const replicas of [[], [7], [1, 7], [1, 1], [-1]]) await ask([of(a.name, 0, replicas)])
    await ask([of(a.name, 9, [1])])
    await ask([of(a.name, -1, null)])
    for (const name of [t.name('missing'), 'not/a/name', '']) await ask([of(name, 0, [1])])
    await ask([of(a.name, 0, [1]), of(t.name('missing'), 0, null)])
    await ask([{ name: a.name, partitions: [] }])
    await ask([])
    if (version > 0) {
      for (const replicas of [[1], [1, 7]]) {
        await ask([of(a.name, 0, replicas)], { allowReplicationFactorChange: false })
      }
    }
    await t.ask(listPartitionReassignments, 0, {
      timeoutMs: 10_000,
      topics: [{ name: a.name, partitionIndexes: [0, 1] }],
    })
  }),
]

export const listPartitionReassignmentsScenarios: readonly Scenario[] = [
  ...everyVersion(listPartitionReassignments, 'none are under way', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const ask = (topics: RequestInput<typeof listPartitionReassignments>['topics']) =>
      t.ask(listPartitionReassignments, version, { timeoutMs: 10_000, topics })
    await ask(null)
    await ask([])
    await ask([{ name: a.name, partitionIndexes: [0, 1, 7] }])
    await ask([
      { name: t.name('missing'), partitionIndexes: [0] },
      { name: 'not/a/name', partitionIndexes: [] },
    ])
  }),
]

/** Each broker's disk has a size of its own. */
function withoutDiskSize(answer: Response<typeof describeLogDirs>): Response<typeof describeLogDirs> {
  const known = (bytes: bigint): bigint => (bytes > 0n ? 1n : bytes)
  return {
    ...answer,
    results: answer.results.map(result => ({
      ...result,
      totalBytes: known(result.totalBytes),
      usableBytes: known(result.usableBytes),
    })),
  }
}

export const describeLogDirsScenarios: readonly Scenario[] = [
  ...everyVersion(describeLogDirs, 'sizes of partitions', async (t, version) => {
    const a = await t.topic('a', { partitions: 3 })
    await t.prepare(produce, 9, produceRequest(a, batch(['one', 'two'])))
    const ask = (topics: RequestInput<typeof describeLogDirs>['topics'], keep = withoutDiskSize) =>
      t.ask(describeLogDirs, version, { topics }, keep)
    await ask([{ topic: a.name, partitions: [0, 1] }])
    await ask([{ topic: a.name, partitions: [0, 0, 7, -1] }])
    await ask([{ topic: a.name, partitions: [] }])
    await ask([
      { topic: t.name('missing'), partitions: [0] },
      { topic: 'not/a/name', partitions: [0] },
    ])
    await ask([])
    await ask(null, answer => ofOwnTopics(t, withoutDiskSize(answer)))
  }),
]

function ofOwnTopics(t: Conversation, answer: Response<typeof describeLogDirs>): Response<typeof describeLogDirs> {
  return {
    ...answer,
    results: answer.results.map(result => ({ ...result, topics: result.topics.filter(({ name }) => t.isOwn(name)) })),
  }
}

export const alterReplicaLogDirsScenarios: readonly Scenario[] = [
  ...everyVersion(alterReplicaLogDirs, 'to the only directory, and to others', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const described = await t.ask(describeLogDirs, 4, { topics: [] }, withoutDiskSize)
    const path = described.results[0]!.logDir
    const ask = (path: string, topics: RequestInput<typeof alterReplicaLogDirs>['dirs'][number]['topics']) =>
      t.ask(alterReplicaLogDirs, version, { dirs: [{ path, topics }] })
    await ask(path, [{ name: a.name, partitions: [0, 1] }])
    await ask(path, [{ name: a.name, partitions: [9] }])
    await ask(path, [{ name: t.name('missing'), partitions: [0] }])
    await ask(path, [{ name: 'not/a/name', partitions: [0] }])
    await ask('/no/such/directory', [{ name: a.name, partitions: [0] }])
    await ask('relative', [{ name: a.name, partitions: [0] }])
    await ask('', [{ name: t.name('missing'), partitions: [0] }])
    await ask(path, [])
    await t.ask(alterReplicaLogDirs, version, { dirs: [] })
  }),
]

export const describeQuorumScenarios: readonly Scenario[] = [
  ...everyVersion(describeQuorum, 'of the metadata log', async (t, version) => {
    const ask = (topics: RequestInput<typeof describeQuorum>['topics']) => t.ask(describeQuorum, version, { topics })
    await ask([{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }])
    await ask([{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }])
    await ask([{ topicName: '__cluster_metadata', partitions: [] }])
    await ask([{ topicName: t.name('missing'), partitions: [{ partitionIndex: 0 }] }])
    await ask([
      { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] },
      { topicName: t.name('missing'), partitions: [{ partitionIndex: 0 }] },
    ])
    await ask([])
  }),
]

type Update = RequestInput<typeof updateFeatures>['featureUpdates'][number]

const upgradeType = { unknown: 0, upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export const updateFeaturesScenarios: readonly Scenario[] = [
  ...everyVersion(updateFeatures, 'what can not be done', async (t, version) => {
    const ask = (...featureUpdates: Update[]) =>
      t.ask(updateFeatures, version, { timeoutMs: 10_000, featureUpdates, validateOnly: version > 0 })
    await ask()
    await ask({ feature: 'no.such.feature', maxVersionLevel: 1 })
    await ask({ feature: '', maxVersionLevel: 1 })
    await ask({ feature: 'group.version', maxVersionLevel: 99 })
    await ask({ feature: 'group.version', maxVersionLevel: -1 })
    await ask({ feature: 'group.version', maxVersionLevel: 0 })
    await ask({ feature: 'group.version', maxVersionLevel: 1 })
    await ask({ feature: 'metadata.version', maxVersionLevel: 99 })
    await ask({ feature: 'metadata.version', maxVersionLevel: 0 })
    await ask({ feature: 'metadata.version', maxVersionLevel: 1 })
    await ask({ feature: 'no.such.feature', maxVersionLevel: 1 }, { feature: 'group.version', maxVersionLevel: 1 })
    await ask(
      { feature: 'group.version', maxVersionLevel: 1 },
      { feature: 'group.version', maxVersionLevel: 0, allowDowngrade: true, upgradeType: upgradeType.safeDowngrade },
    )
  }),
  ...everyVersion(
    updateFeatures,
    'only checked',
    async (t, version) => {
      const ask = (...featureUpdates: Update[]) =>
        t.ask(updateFeatures, version, { timeoutMs: 10_000, featureUpdates, validateOnly: true })
      for (const type of [0, 1, 2, 3, 4, -1]) {
        await ask({ feature: 'group.version', maxVersionLevel: 0, upgradeType: type })
        await ask({ feature: 'group.version', maxVersionLevel: 1, upgradeType: type })
        for (const level of [7, 20, 25, 32]) {
          await ask({ feature: 'metadata.version', maxVersionLevel: level, upgradeType: type })
        }
      }
    },
    { since: 1 },
  ),
  ...alone(
    everyVersion(updateFeatures, 'a feature is lowered, and raised again', async (t, version) => {
      for (const [level, type] of [
        [0, upgradeType.safeDowngrade],
        [1, upgradeType.upgrade],
      ] as const) {
        const featureUpdates = [
          { feature: 'group.version', maxVersionLevel: level, upgradeType: type, allowDowngrade: level === 0 },
        ]
        await t.ask(updateFeatures, version, { timeoutMs: 10_000, featureUpdates, validateOnly: false })
        if (version === 0) continue
        await t.prepareUntil(
          apiVersions,
          4,
          { clientSoftwareName: 'conformance', clientSoftwareVersion: '1' },
          ({ finalizedFeatures }) => finalizedFeatures.some(({ name }) => name === 'group.version') === level > 0,
        )
        await t.ask(consumerGroupHeartbeat, 1, { groupId: t.name('g'), memberId: '', memberEpoch: 0 })
        await t.ask(consumerGroupDescribe, 1, { groupIds: [t.name('g')], includeAuthorizedOperations: false })
      }
    }),
  ),
]
