/** Live groups that change their protocol: classic members and members of KIP-848 in one group, until the last of a kind has gone. */
import {
  consumerGroupHeartbeat,
  describeGroups,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  heartbeat,
  joinGroup,
  leaveGroup,
  offsetCommit,
  offsetFetch,
  type RequestInput,
  type Response,
  syncGroup,
} from '@ottla/protocol'
import type { Conversation, Speaker } from '../conversation.ts'
import { once, type Scenario } from '../scenario.ts'
import { describe, joining, knownTopic, member, partitionCount, staying } from './consumer-groups.ts'
import { join, joinRequest, loneMember, syncRequest } from './groups.ts'
import type { TopicReference } from './requests.ts'

type Joined = Pick<Response<typeof joinGroup>, 'memberId' | 'generationId'>

const assignmentOf = (topic: TopicReference, partitions: number[]): Buffer =>
  encodeConsumerProtocolAssignment({ assignedPartitions: [{ topic: topic.name, partitions }] }, 0)

/** What a consumer of the classic protocol says of itself. */
function subscribed(topic: TopicReference, owned: number[] = []): Partial<RequestInput<typeof joinGroup>> {
  const ownedPartitions = owned.length > 0 ? [{ topic: topic.name, partitions: owned }] : []
  const metadata = encodeConsumerProtocolSubscription({ topics: [topic.name], ownedPartitions }, 1)
  return { protocols: [{ name: 'range', metadata }] }
}

/** A group of one classic consumer, which has all of the topic. */
async function classicConsumer(
  t: Conversation,
  {
    speaker,
    groupId,
    topic,
    ...options
  }: { speaker: Speaker; groupId: string; topic: TopicReference } & Partial<RequestInput<typeof joinGroup>>,
): Promise<Joined> {
  const joined = await join(speaker, 9, groupId, { ...subscribed(topic), ...options })
  const assignments = [{ memberId: joined.memberId, assignment: assignmentOf(topic, [0, 1]) }]
  await speaker.ask(syncGroup, 5, syncRequest(groupId, joined, assignments, named))
  await describeBoth(t, groupId)
  return joined
}

const named = { protocolType: 'consumer', protocolName: 'range' }

async function describeBoth(t: Conversation, groupId: string): Promise<void> {
  await t.ask(describeGroups, 6, { groups: [groupId], includeAuthorizedOperations: false })
  await describe(t, 1, groupId)
}

const beat = (speaker: Speaker, groupId: string, { memberId, generationId }: Joined) =>
  speaker.ask(heartbeat, 4, { groupId, memberId, generationId })

/** A classic member hears that the group moves, joins again with what it keeps, and asks for its partitions. */
async function rejoin(
  speaker: Speaker,
  { groupId, topic, memberId, owned }: { groupId: string; topic: TopicReference; memberId: string; owned: number[] },
): Promise<Joined> {
  const joined = await speaker.ask(joinGroup, 9, joinRequest(groupId, { ...subscribed(topic, owned), memberId }))
  await speaker.ask(syncGroup, 5, syncRequest(groupId, joined, [], named))
  return joined
}

const commit = (speaker: Speaker, groupId: string, topic: TopicReference, as: { memberId: string; epoch: number }) =>
  speaker.ask(offsetCommit, 9, {
    groupId,
    memberId: as.memberId,
    generationIdOrMemberEpoch: as.epoch,
    topics: [
      { name: topic.name, partitions: [{ partitionIndex: 0, committedOffset: as.epoch, committedMetadata: '' }] },
    ],
  })

const readOffsets = (t: Conversation, groupId: string, topic: TopicReference) =>
  t.ask(offsetFetch, 9, {
    groups: [{ groupId, memberId: null, memberEpoch: -1, topics: [{ name: topic.name, partitionIndexes: [0, 1] }] }],
  })

export const protocolChangeScenarios: readonly Scenario[] = [
  once(consumerGroupHeartbeat, 'a classic group takes a member of the new protocol, and becomes one', async t => {
    const topic = await knownTopic(t, 'a', { partitions: 2 })
    const groupId = t.name('g')
    const [a, b] = [await t.client('a'), await t.client('b')]
    const classic = await classicConsumer(t, { speaker: a, groupId, topic })
    await commit(a, groupId, topic, { memberId: classic.memberId, epoch: classic.generationId })
    await b.ask(consumerGroupHeartbeat, 1, joining(groupId, 'member-b', [topic.name]))
    await describeBoth(t, groupId)
    await beat(a, groupId, classic)
    await commit(a, groupId, topic, { memberId: classic.memberId, epoch: classic.generationId })
    const again = await rejoin(a, { groupId, topic, memberId: classic.memberId, owned: [0, 1] })
    await describeBoth(t, groupId)
    await beat(a, groupId, again)
    const kept = await rejoin(a, { groupId, topic, memberId: classic.memberId, owned: [0] })
    const second = await b.askUntil(
      consumerGroupHeartbeat,
      1,
      joining(groupId, 'member-b', [topic.name]),
      answer => partitionCount(answer) === 1,
    )
    await b.ask(consumerGroupHeartbeat, 1, {
      ...staying(groupId, second),
      topicPartitions: second.assignment?.topicPartitions ?? [],
    })
    await describeBoth(t, groupId)
    await beat(a, groupId, kept)
    await commit(a, groupId, topic, { memberId: classic.memberId, epoch: kept.generationId })
    await commit(b, groupId, topic, { memberId: 'member-b', epoch: second.memberEpoch })
    await readOffsets(t, groupId, topic)
    await a.ask(leaveGroup, 5, { groupId, members: [{ memberId: classic.memberId }] })
    await b.askUntil(
      consumerGroupHeartbeat,
      1,
      { ...staying(groupId, second), topicPartitions: second.assignment?.topicPartitions ?? [] },
      answer => partitionCount(answer) === 2,
    )
    await describeBoth(t, groupId)
  }),
  once(
    joinGroup,
    'a group of the new protocol takes a classic member, and becomes classic when the last other leaves',
    async t => {
      const topic = await knownTopic(t, 'a', { partitions: 2 })
      const groupId = t.name('g')
      const [a, b] = [await t.client('a'), await t.client('b')]
      const joined = await member(b, { version: 1, groupId, memberId: 'member-b', topic, partitions: 2 })
      const first = await join(a, 9, groupId, subscribed(topic))
      await a.ask(syncGroup, 5, syncRequest(groupId, first, [], named))
      await describeBoth(t, groupId)
      await beat(a, groupId, first)
      await b.ask(consumerGroupHeartbeat, 1, { ...staying(groupId, joined), memberEpoch: -1 })
      await describeBoth(t, groupId)
      await beat(a, groupId, first)
      await b.ask(consumerGroupHeartbeat, 1, staying(groupId, joined))
      const again = await a.ask(joinGroup, 9, joinRequest(groupId, { ...subscribed(topic), memberId: first.memberId }))
      const assignments = [{ memberId: first.memberId, assignment: assignmentOf(topic, [0, 1]) }]
      await a.ask(syncGroup, 5, syncRequest(groupId, again, assignments, named))
      await describeBoth(t, groupId)
      await beat(a, groupId, again)
      await a.ask(leaveGroup, 5, { groupId, members: [{ memberId: first.memberId }] })
      await describeBoth(t, groupId)
    },
  ),
  once(consumerGroupHeartbeat, 'classic groups that can not become ones of the new protocol', async t => {
    const topic = await knownTopic(t, 'a', { partitions: 2 })
    const a = await t.client('a')
    await loneMember(t, { speaker: a, groupId: t.name('connect'), protocolType: 'connect' })
    await a.ask(consumerGroupHeartbeat, 1, joining(t.name('connect'), 'member-b', [topic.name]))
    await loneMember(t, { speaker: a, groupId: t.name('garbage') })
    await a.ask(consumerGroupHeartbeat, 1, joining(t.name('garbage'), 'member-b', [topic.name]))
    await describeBoth(t, t.name('garbage'))
  }),
  once(consumerGroupHeartbeat, 'an empty classic group becomes one of the new protocol, with its offsets', async t => {
    const topic = await knownTopic(t, 'a', { partitions: 2 })
    const groupId = t.name('g')
    const [a, b] = [await t.client('a'), await t.client('b')]
    const classic = await classicConsumer(t, { speaker: a, groupId, topic })
    await commit(a, groupId, topic, { memberId: classic.memberId, epoch: classic.generationId })
    await a.ask(leaveGroup, 5, { groupId, members: [{ memberId: classic.memberId }] })
    await member(b, { version: 1, groupId, memberId: 'member-b', topic, partitions: 2 })
    await describeBoth(t, groupId)
    await readOffsets(t, groupId, topic)
  }),
  once(consumerGroupHeartbeat, 'a static classic member comes back with the new protocol', async t => {
    const topic = await knownTopic(t, 'a', { partitions: 2 })
    const groupId = t.name('g')
    const [a, b] = [await t.client('a'), await t.client('b')]
    const instanceId = 'first'
    const classic = await classicConsumer(t, { speaker: a, groupId, topic, groupInstanceId: instanceId })
    await member(b, { version: 1, groupId, memberId: 'member-b', topic, partitions: 2, instanceId })
    await describeBoth(t, groupId)
    await beat(a, groupId, classic)
    await a.ask(heartbeat, 4, { groupId, ...classic, groupInstanceId: instanceId })
  }),
]
