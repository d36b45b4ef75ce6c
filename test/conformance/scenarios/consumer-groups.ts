/** Groups of the new protocol (KIP-848): one request to join, stay, move with the assignment and leave. */
import {
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  deleteGroups,
  describeGroups,
  heartbeat,
  joinGroup,
  listGroups,
  offsetCommit,
  offsetFetch,
  type RequestInput,
  type Response,
} from '@ottla/protocol'
import type { Conversation, Speaker, TopicOptions } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { joinRequest, loneMember } from './groups.ts'
import { noId, strangeId, type TopicReference } from './requests.ts'

type Beat = Response<typeof consumerGroupHeartbeat>
type BeatInput = RequestInput<typeof consumerGroupHeartbeat>

/** What a member says when it joins; a member that stays says only what has changed. */
export function joining(groupId: string, memberId: string, topics: readonly string[] | null): BeatInput {
  return {
    groupId,
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: topics,
    topicPartitions: [],
  }
}

export const staying = (
  groupId: string,
  { memberId, memberEpoch }: Pick<Beat, 'memberId' | 'memberEpoch'>,
): BeatInput => ({
  groupId,
  memberId: memberId!,
  memberEpoch,
})

const owned = (topic: TopicReference, partitions: readonly number[]) => [{ topicId: topic.id, partitions }]

export const partitionCount = ({ assignment }: Beat): number =>
  assignment?.topicPartitions.reduce((sum, { partitions }) => sum + partitions.length, 0) ?? -1

/**
 * A topic that the group coordinator knows: in Apache Kafka it hears of one a moment after those who serve its records, and
 * an assignment without it would begin one epoch more.
 */
export async function knownTopic(t: Conversation, suffix: string, options?: TopicOptions): Promise<TopicReference> {
  const topic = await t.topic(suffix, options)
  const probe = joining(`probe of ${topic.name}`, 'probe', [topic.name])
  await t.prepareUntil(consumerGroupHeartbeat, 1, probe, answer => partitionCount(answer) > 0)
  await t.prepare(consumerGroupHeartbeat, 1, { ...probe, memberEpoch: -1 })
  return topic
}

/** Joins, and asks on until it is given so many partitions: where the broker makes assignments at its own pace, that takes a while. */
export async function member(
  speaker: Speaker,
  options: {
    version: number
    groupId: string
    memberId: string
    topic: TopicReference
    partitions: number
    instanceId?: string
  },
): Promise<Beat> {
  const { version, groupId, memberId, topic, partitions, instanceId } = options
  const join = { ...joining(groupId, memberId, [topic.name]), ...(instanceId === undefined ? {} : { instanceId }) }
  const first = await speaker.askUntil(
    consumerGroupHeartbeat,
    version,
    join,
    answer => partitionCount(answer) === partitions,
  )
  await speaker.ask(consumerGroupHeartbeat, version, {
    ...staying(groupId, first),
    topicPartitions: first.assignment?.topicPartitions ?? [],
  })
  return first
}

export const describe = (t: Conversation, version: number, ...groupIds: string[]) =>
  t.ask(consumerGroupDescribe, version, { groupIds, includeAuthorizedOperations: false })

export const consumerGroupHeartbeatScenarios: readonly Scenario[] = [
  ...everyVersion(consumerGroupHeartbeat, 'joins, stays, leaves', async (t, version) => {
    const topic = await knownTopic(t, 'a', { partitions: 2 })
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await member(a, { version, groupId, memberId: 'member-a', topic, partitions: 2 })
    await a.ask(consumerGroupHeartbeat, version, staying(groupId, joined))
    await describe(t, 1, groupId)
    await a.ask(consumerGroupHeartbeat, version, { ...staying(groupId, joined), memberEpoch: -1 })
    await describe(t, 1, groupId)
    await a.ask(consumerGroupHeartbeat, version, staying(groupId, joined))
  }),
  once(
    consumerGroupHeartbeat,
    'a member that is given its id',
    async t => {
      const topic = await knownTopic(t, 'a')
      const a = await t.client('a')
      await member(a, { version: 0, groupId: t.name('g'), memberId: '', topic, partitions: 1 })
    },
    0,
  ),
  ...everyVersion(consumerGroupHeartbeat, 'what is refused', async (t, version) => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const ask = (change: Partial<BeatInput>) =>
      a.ask(consumerGroupHeartbeat, version, { ...joining(groupId, 'member-a', [topic.name]), ...change })
    await ask({ groupId: '' })
    await ask({ instanceId: '' })
    await ask({ rackId: '' })
    await ask({ memberEpoch: -3 })
    await ask({ memberEpoch: -2 })
    await ask({ memberEpoch: -1 })
    await ask({ memberEpoch: 5 })
    await ask({ memberEpoch: 5, memberId: '' })
    await ask({ rebalanceTimeoutMs: -1 })
    await ask({ topicPartitions: null })
    await ask({ topicPartitions: owned(topic, [0]) })
    await ask({ subscribedTopicNames: null })
    await ask({ serverAssignor: 'nobody' })
    await ask({ serverAssignor: 'range', subscribedTopicNames: [] })
    await ask({ serverAssignor: 'uniform', subscribedTopicNames: [t.name('missing')] })
    if (version >= 1) await ask({ memberId: '' })
    if (version >= 1) await ask({ memberId: 'member-x', subscribedTopicNames: null, subscribedTopicRegex: '(' })
  }),
  ...everyVersion(consumerGroupHeartbeat, 'epochs', async (t, version) => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await member(a, { version, groupId, memberId: 'member-a', topic, partitions: 1 })
    const ask = (change: Partial<BeatInput>) =>
      a.ask(consumerGroupHeartbeat, version, { ...staying(groupId, joined), ...change })
    await ask({ memberEpoch: joined.memberEpoch + 1 })
    await ask({ memberEpoch: joined.memberEpoch - 1 })
    await ask({ memberEpoch: joined.memberEpoch - 1, topicPartitions: owned(topic, [0]) })
    await ask({ memberId: 'nobody' })
    await ask({ groupId: t.name('other') })
    await ask({ topicPartitions: owned(topic, [7]) })
    await ask({ topicPartitions: [{ topicId: strangeId, partitions: [0] }] })
    await ask({ memberEpoch: 0, rebalanceTimeoutMs: 60_000, subscribedTopicNames: [topic.name], topicPartitions: [] })
    await ask({ memberEpoch: -1, memberId: 'nobody' })
  }),
  ...everyVersion(consumerGroupHeartbeat, 'two members share', async (t, version) => {
    const topic = await knownTopic(t, 'a', { partitions: 4 })
    const groupId = t.name('g')
    const a = await t.client('a')
    const b = await t.client('b')
    const first = await member(a, { version, groupId, memberId: 'member-a', topic, partitions: 4 })
    await b.ask(consumerGroupHeartbeat, version, joining(groupId, 'member-b', [topic.name]))
    const shrunk = await a.askUntil(
      consumerGroupHeartbeat,
      version,
      { ...staying(groupId, first), topicPartitions: owned(topic, [0, 1, 2, 3]) },
      answer => partitionCount(answer) === 2,
    )
    const kept = shrunk.assignment?.topicPartitions ?? []
    const released = await a.ask(consumerGroupHeartbeat, version, {
      ...staying(groupId, shrunk),
      topicPartitions: kept,
    })
    const second = await b.askUntil(
      consumerGroupHeartbeat,
      version,
      joining(groupId, 'member-b', [topic.name]),
      answer => partitionCount(answer) === 2,
    )
    await describe(t, 1, groupId)
    await b.ask(consumerGroupHeartbeat, version, { ...staying(groupId, second), memberEpoch: -1 })
    await a.askUntil(
      consumerGroupHeartbeat,
      version,
      { ...staying(groupId, released), topicPartitions: kept },
      answer => partitionCount(answer) === 4,
    )
  }),
  ...everyVersion(consumerGroupHeartbeat, 'a static member goes and comes back', async (t, version) => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const instanceId = 'first'
    const joined = await member(a, { version, groupId, memberId: 'member-a', topic, partitions: 1, instanceId })
    const b = await t.client('b')
    const again = { ...joining(groupId, 'member-b', [topic.name]), instanceId }
    await b.ask(consumerGroupHeartbeat, version, again) // the first is still there
    await a.ask(consumerGroupHeartbeat, version, { ...staying(groupId, joined), instanceId: 'other' })
    await a.ask(consumerGroupHeartbeat, version, { ...staying(groupId, joined), memberEpoch: -2, instanceId })
    await describe(t, 1, groupId)
    await b.askUntil(consumerGroupHeartbeat, version, again, answer => partitionCount(answer) === 1)
    await a.ask(consumerGroupHeartbeat, version, { ...staying(groupId, joined), instanceId })
    await b.ask(consumerGroupHeartbeat, version, {
      ...staying(groupId, { ...joined, memberId: 'member-b' }),
      memberEpoch: -1,
      instanceId,
    })
    await describe(t, 1, groupId)
  }),
  once(consumerGroupHeartbeat, 'a regular expression', async t => {
    const topic = await knownTopic(t, 'orders')
    await knownTopic(t, 'other')
    const groupId = t.name('g')
    const a = await t.client('a')
    const join = { ...joining(groupId, 'member-a', null), subscribedTopicRegex: `${t.name('ord')}.*` }
    const joined = await a.askUntil(consumerGroupHeartbeat, 1, join, answer => partitionCount(answer) === 1)
    await a.ask(consumerGroupHeartbeat, 1, { ...staying(groupId, joined), topicPartitions: owned(topic, [0]) })
    await describe(t, 1, groupId)
    await a.ask(consumerGroupHeartbeat, 1, { ...staying(groupId, joined), subscribedTopicRegex: '[' })
    await a.ask(consumerGroupHeartbeat, 1, { ...staying(groupId, joined), subscribedTopicRegex: '(?=x)' })
  }),
  once(consumerGroupHeartbeat, 'offsets of a member', async t => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberEpoch } = await member(a, { version: 1, groupId, memberId: 'member-a', topic, partitions: 1 })
    const commit = (memberId: string, generationIdOrMemberEpoch: number, version: number) =>
      a.ask(offsetCommit, version, {
        groupId,
        memberId,
        generationIdOrMemberEpoch,
        topics: [
          {
            topicId: topic.id,
            name: topic.name,
            partitions: [{ partitionIndex: 0, committedOffset: 3, committedMetadata: '' }],
          },
        ],
      })
    const read = (memberId: string | null, epoch: number) => {
      const topics = [{ topicId: topic.id, name: topic.name, partitionIndexes: [0] }]
      return a.ask(offsetFetch, 9, { groups: [{ groupId, memberId, memberEpoch: epoch, topics }] })
    }
    for (const version of [8, 9, 10]) {
      await commit('member-a', memberEpoch, version)
      await commit('member-a', memberEpoch - 1, version)
      await commit('member-a', memberEpoch + 1, version)
      await commit('nobody', memberEpoch, version)
      await commit('', -1, version)
    }
    await read('member-a', memberEpoch)
    await read('member-a', memberEpoch - 1)
    await read('member-a', memberEpoch + 1)
    await read('nobody', memberEpoch)
    await read(null, -1)
  }),
  once(consumerGroupHeartbeat, 'seen by the APIs of the classic protocol', async t => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await member(a, { version: 1, groupId, memberId: 'member-a', topic, partitions: 1 })
    const own = (answer: Response<typeof listGroups>) => ({
      ...answer,
      groups: answer.groups.filter(({ groupId }) => t.isOwn(groupId)),
    })
    for (const version of [5, 6])
      await t.ask(describeGroups, version, { groups: [groupId], includeAuthorizedOperations: false })
    for (const typesFilter of [[], ['consumer'], ['Consumer'], ['classic']]) {
      await t.ask(listGroups, 5, { statesFilter: [], typesFilter }, own)
    }
    for (const state of ['Stable', 'Assigning', 'Empty']) {
      await t.ask(listGroups, 5, { statesFilter: [state], typesFilter: [] }, own)
    }
    await t.ask(heartbeat, 4, { groupId, memberId: 'member-a', generationId: joined.memberEpoch })
    await t.ask(joinGroup, 9, joinRequest(groupId))
    await t.ask(joinGroup, 9, joinRequest(groupId, { protocolType: 'connect' }))
    await t.ask(deleteGroups, 2, { groupsNames: [groupId] })
    await a.ask(consumerGroupHeartbeat, 1, { ...staying(groupId, joined), memberEpoch: -1 })
    await t.ask(describeGroups, 6, { groups: [groupId], includeAuthorizedOperations: false })
    await t.ask(deleteGroups, 2, { groupsNames: [groupId] })
    await describe(t, 1, groupId)
  }),
]

export const consumerGroupDescribeScenarios: readonly Scenario[] = [
  ...everyVersion(consumerGroupDescribe, 'groups of each kind', async (t, version) => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    await loneMember(t, { speaker: a, groupId: t.name('classic') })
    await describe(t, version, groupId, t.name('classic'), '')
    await member(a, { version: 1, groupId, memberId: 'member-a', topic, partitions: 1 })
    await describe(t, version, groupId, groupId)
    await describe(t, version)
    await t.ask(consumerGroupDescribe, version, { groupIds: [groupId], includeAuthorizedOperations: true })
  }),
  once(consumerGroupDescribe, 'a member whose topic is gone', async t => {
    const topic = await knownTopic(t, 'a')
    const groupId = t.name('g')
    const a = await t.client('a')
    await a.ask(consumerGroupHeartbeat, 1, joining(groupId, 'member-a', [t.name('missing')]))
    await describe(t, 1, groupId)
    await t.ask(consumerGroupHeartbeat, 1, joining(groupId, 'member-b', [topic.name, noId]))
  }),
]
