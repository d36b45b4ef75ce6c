import { offsetCommit, offsetDelete, offsetFetch, type RequestInput } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { join, leaveQuietly, loneMember, untilState } from './groups.ts'
import { noId, strangeId, type TopicReference } from './requests.ts'

type CommitInput = RequestInput<typeof offsetCommit>
type FetchInput = RequestInput<typeof offsetFetch>

interface Commit {
  readonly topic: TopicReference
  readonly partition?: number
  readonly offset?: number | bigint
  readonly leaderEpoch?: number
  readonly note?: string | null
}

function commitRequest(groupId: string, commits: readonly Commit[], options: Partial<CommitInput> = {}): CommitInput {
  return {
    groupId,
    memberId: '',
    ...options,
    topics: commits.map(({ topic, partition = 0, offset = 1, leaderEpoch = -1, note = '' }) => ({
      topicId: topic.id,
      name: topic.name,
      partitions: [
        {
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch,
          committedMetadata: note,
        },
      ],
    })),
  }
}

interface Wanted {
  readonly groupId: string
  /** All that are committed unless given. */
  readonly topics?: readonly { topic: TopicReference; partitions: readonly number[] }[] | null
  readonly memberId?: string
  readonly memberEpoch?: number
}

/** One group's in the form for one, and in the form for many. */
function fetchOffsets({ groupId, topics = null, memberId, memberEpoch }: Wanted, requireStable = false): FetchInput {
  const wanted =
    topics?.map(({ topic, partitions }) => ({ topicId: topic.id, name: topic.name, partitionIndexes: partitions })) ??
    null
  return {
    groupId,
    topics: wanted,
    groups: [
      {
        groupId,
        topics: wanted,
        ...(memberId === undefined ? {} : { memberId }),
        ...(memberEpoch === undefined ? {} : { memberEpoch }),
      },
    ],
    requireStable,
  }
}

async function seeAll(t: Conversation, groupId: string): Promise<void> {
  await t.ask(offsetFetch, 8, fetchOffsets({ groupId }))
}

export const offsetCommitScenarios: readonly Scenario[] = [
  ...everyVersion(offsetCommit, 'without a member', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const b = await t.topic('b')
    const groupId = t.name('g')
    const ask = (commits: readonly Commit[], options?: Partial<CommitInput>) =>
      t.ask(offsetCommit, version, commitRequest(groupId, commits, options))
    await ask([{ topic: a, offset: 5, note: 'a note', leaderEpoch: 0 }])
    await ask([
      { topic: a, offset: 6, note: null },
      { topic: b, offset: 0 },
    ])
    await ask([{ topic: a, partition: 1, offset: 2n ** 53n - 1n, leaderEpoch: 77 }])
    await ask([{ topic: b, offset: 3, note: 'n'.repeat(4_096) }])
    await seeAll(t, groupId)
    await ask([
      { topic: b, offset: 4, note: 'n'.repeat(4_097) },
      { topic: a, offset: 7 },
    ])
    await ask([])
    await seeAll(t, groupId)
  }),
  ...everyVersion(offsetCommit, 'to what is not there', async (t, version) => {
    const a = await t.topic('a')
    const groupId = t.name('g')
    const missing = { name: t.name('missing'), id: strangeId }
    const ask = (commits: readonly Commit[], group = groupId) =>
      t.ask(offsetCommit, version, commitRequest(group, commits))
    await ask([{ topic: missing }])
    await ask([{ topic: a, partition: 1 }])
    await ask([{ topic: a, partition: -1 }])
    await ask([{ topic: missing }, { topic: a, offset: 9 }])
    await ask([{ topic: { name: '', id: noId } }])
    await ask([{ topic: a }], '')
    await ask([{ topic: a, offset: -1 }])
    await ask([{ topic: a, offset: -5 }])
    await seeAll(t, groupId)
  }),
  ...everyVersion(offsetCommit, 'as a member', async (t, version) => {
    const topic = await t.topic('a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await join(a, 9, groupId)
    const { memberId, generationId } = joined
    const ask = (options: Partial<CommitInput>, group = groupId) =>
      a.ask(
        offsetCommit,
        version,
        commitRequest(group, [{ topic }], { memberId, generationIdOrMemberEpoch: generationId, ...options }),
      )
    await ask({}) // while the assignment is still to come
    await loneMember(t, { speaker: a, groupId, memberId })
    await ask({ generationIdOrMemberEpoch: generationId })
    await ask({ generationIdOrMemberEpoch: generationId + 1 })
    await ask({ generationIdOrMemberEpoch: generationId + 2 })
    await ask({ generationIdOrMemberEpoch: -1 })
    await ask({ memberId: 'nobody' })
    await ask({ memberId: '', generationIdOrMemberEpoch: -1 })
    await ask({ memberId: '' })
    await ask({}, t.name('other'))
    if (version >= 7) await ask({ groupInstanceId: 'nobody' })
    await seeAll(t, groupId)
    const b = await t.client('b')
    const second = join(b, 3, groupId)
    await untilState(t, groupId, 'PreparingRebalance', 2)
    await ask({ generationIdOrMemberEpoch: generationId + 1 })
    await leaveQuietly(t, groupId, memberId)
    await leaveQuietly(t, groupId, (await second).memberId)
    await ask({ generationIdOrMemberEpoch: generationId + 1 })
    await ask({ memberId: '', generationIdOrMemberEpoch: -1 })
    await seeAll(t, groupId)
  }),
  once(
    offsetCommit,
    'a time to keep it',
    async t => {
      const topic = await t.topic('a')
      for (const retentionTimeMs of [-1, 0, 60_000]) {
        await t.ask(offsetCommit, 4, commitRequest(t.name('g'), [{ topic }], { retentionTimeMs }))
      }
      await seeAll(t, t.name('g'))
    },
    4,
  ),
]

export const offsetFetchScenarios: readonly Scenario[] = [
  ...everyVersion(offsetFetch, 'some, all, and none', async (t, version) => {
    const a = await t.topic('a', { partitions: 3 })
    const b = await t.topic('b')
    const missing = { name: t.name('missing'), id: strangeId }
    const groupId = t.name('g')
    const commits = [
      { topic: a, offset: 5, note: 'a note', leaderEpoch: 0 },
      { topic: b, offset: 6 },
    ]
    await t.prepareUntil(offsetCommit, 9, commitRequest(groupId, commits), ({ topics }) =>
      topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0)),
    )
    const ask = (wanted: Partial<Wanted>, requireStable = false) =>
      t.ask(offsetFetch, version, fetchOffsets({ groupId, topics: [], ...wanted }, requireStable))
    await ask({ topics: [{ topic: a, partitions: [0, 1, 2] }] })
    await ask({
      topics: [
        { topic: b, partitions: [0] },
        { topic: a, partitions: [2] },
      ],
    })
    await ask({ topics: [{ topic: a, partitions: [7, -1, 0, 0] }] })
    await ask({
      topics: [
        { topic: missing, partitions: [0] },
        { topic: a, partitions: [0] },
      ],
    })
    await ask({ topics: [{ topic: a, partitions: [] }] })
    await ask({ topics: [] })
    if (version >= 2) await ask({ topics: null })
    await ask({ groupId: t.name('other'), topics: [{ topic: a, partitions: [0] }] })
    if (version >= 2) await ask({ groupId: t.name('other'), topics: null })
    await ask({ groupId: '', topics: [{ topic: a, partitions: [0] }] })
    if (version >= 7) await ask({ topics: [{ topic: a, partitions: [0] }] }, true)
    if (version >= 9) {
      for (const [memberId, memberEpoch] of [
        ['nobody', 1],
        ['nobody', -1],
        ['', 1],
      ] as const) {
        await ask({ topics: [{ topic: a, partitions: [0] }], memberId, memberEpoch })
        await ask({ groupId: t.name('other'), topics: [{ topic: a, partitions: [0] }], memberId, memberEpoch })
      }
    }
  }),
  ...everyVersion(
    offsetFetch,
    'of several groups',
    async (t, version) => {
      const a = await t.topic('a')
      await t.prepare(offsetCommit, 9, commitRequest(t.name('g1'), [{ topic: a, offset: 1 }]))
      await t.prepare(offsetCommit, 9, commitRequest(t.name('g2'), [{ topic: a, offset: 2 }]))
      const some = [{ topicId: a.id, name: a.name, partitionIndexes: [0] }]
      const ask = (...groups: FetchInput['groups'] & {}) =>
        t.ask(offsetFetch, version, { groups, requireStable: false, groupId: '', topics: [] })
      await ask({ groupId: t.name('g1'), topics: some }, { groupId: t.name('g2'), topics: null })
      await ask(
        { groupId: t.name('g1'), topics: some },
        { groupId: '', topics: null },
        { groupId: t.name('g3'), topics: some },
      )
      await ask()
    },
    { since: 8 },
  ),
  once(
    offsetFetch,
    'after the topic is gone',
    async t => {
      const a = await t.topic('a')
      const b = await t.topic('b')
      const groupId = t.name('g')
      await t.prepare(offsetCommit, 9, commitRequest(groupId, [{ topic: a }, { topic: b }]))
      await t.deleteTopic(a.name)
      await t.askUntil(offsetFetch, 9, fetchOffsets({ groupId }), ({ groups: [found] }) => found?.topics.length === 1)
      await t.ask(offsetFetch, 9, fetchOffsets({ groupId, topics: [{ topic: a, partitions: [0] }] }))
      await t.ask(offsetFetch, 10, fetchOffsets({ groupId, topics: [{ topic: a, partitions: [0] }] }))
    },
    9,
  ),
]

export const offsetDeleteScenarios: readonly Scenario[] = [
  ...everyVersion(offsetDelete, 'of a group without members, and of one with', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const groupId = t.name('g')
    await t.prepare(offsetCommit, 9, commitRequest(groupId, [{ topic: a }, { topic: a, partition: 1 }]))
    const ask = (partitions: readonly number[], name = a.name, group = groupId) =>
      t.ask(offsetDelete, version, {
        groupId: group,
        topics: [{ name, partitions: partitions.map(partitionIndex => ({ partitionIndex })) }],
      })
    await ask([0, 7, -1])
    await ask([0])
    await ask([])
    await ask([0], t.name('missing'))
    await ask([0], a.name, t.name('other'))
    await ask([0], a.name, '')
    await seeAll(t, groupId)
    // The subscription can't be read, so nobody knows which topics the member uses.
    const speaker = await t.client('a')
    const { memberId } = await loneMember(t, { speaker, groupId })
    await ask([1])
    await leaveQuietly(t, groupId, memberId)
    await loneMember(t, { speaker, groupId, protocols: [{ name: 'range', metadata: subscription(a.name) }] })
    await ask([1])
    await ask([0], t.name('missing'))
    await seeAll(t, groupId)
  }),
  once(offsetDelete, 'of a group that is not of consumers', async t => {
    const a = await t.topic('a')
    const groupId = t.name('g')
    await loneMember(t, { speaker: await t.client('a'), groupId, protocolType: 'connect' })
    const topics = [{ name: a.name, partitions: [{ partitionIndex: 0 }] }]
    await t.ask(offsetDelete, 0, { groupId, topics })
  }),
]

/** A consumer's subscription in version 0: one topic, no user data. */
function subscription(topic: string): Buffer {
  const name = Buffer.from(topic)
  const bytes = Buffer.alloc(12 + name.length)
  bytes.writeInt16BE(0, 0)
  bytes.writeInt32BE(1, 2)
  bytes.writeInt16BE(name.length, 6)
  name.copy(bytes, 8)
  bytes.writeInt32BE(-1, 8 + name.length)
  return bytes
}
