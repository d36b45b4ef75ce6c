import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  consumerGroupDescribe,
  consumerGroupHeartbeat,
  describeConfigs,
  describeGroups,
  incrementalAlterConfigs,
  listGroups,
  offsetFetch,
  type RequestInput,
} from '@ottla/protocol'
import { errorOf, GroupBroker } from '../testing/group-broker.ts'
import { configResources, configSourceCodes } from './config-resources.ts'

type Heartbeat = RequestInput<typeof consumerGroupHeartbeat>

let groups: GroupBroker

before(async () => {
  groups = await GroupBroker.start()
})
after(() => groups.stop())

const beat = (more: Partial<Heartbeat>, version = 1) =>
  groups.request(consumerGroupHeartbeat, version, { groupId: 'g', memberId: 'm', memberEpoch: 0, ...more })
const join = (more: Partial<Heartbeat> = {}, version = 1) =>
  beat({ rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['t'], topicPartitions: [], ...more }, version)

test("refuses what makes no sense, in Kafka's words", async () => {
  const cases: [Partial<Heartbeat>, string][] = [
    [{ groupId: '' }, "GroupId can't be empty."],
    [{ instanceId: '' }, "InstanceId can't be empty."],
    [{ rackId: '' }, "RackId can't be empty."],
    [{ memberEpoch: -3 }, 'MemberEpoch is invalid.'],
    [{ memberEpoch: -2 }, "InstanceId can't be null."],
    [{ memberId: '', memberEpoch: 1 }, "MemberId can't be empty."],
    [{}, 'RebalanceTimeoutMs must be provided in first request.'],
    [{ rebalanceTimeoutMs: 1 }, 'TopicPartitions must be empty when (re-)joining.'],
    [
      { rebalanceTimeoutMs: 1, topicPartitions: [] },
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    ],
  ]
  for (const [request, message] of cases) {
    const answer = await beat(request)
    assert.deepEqual([errorOf(answer), answer.errorMessage, answer.memberId], ['INVALID_REQUEST', message, null])
  }
  assert.equal(errorOf(await join({ serverAssignor: 'mine' })), 'UNSUPPORTED_ASSIGNOR')
  assert.equal(errorOf(await beat({ memberEpoch: 1 })), 'GROUP_ID_NOT_FOUND')
})

test('a member joins, is described, is listed, and is there after a restart', async () => {
  const joined = await join({ memberId: '' }, 0)
  assert.equal(joined.memberEpoch, 2)
  assert.equal(joined.heartbeatIntervalMs, 5_000)
  assert.deepEqual(joined.assignment, { topicPartitions: [{ topicId: groups.topicId, partitions: [0, 1] }] })
  const memberId = joined.memberId!
  for (const version of [0, 1]) {
    const request = { groupIds: ['g', 'nobody'], includeAuthorizedOperations: true }
    const { groups: described } = await groups.request(consumerGroupDescribe, version, request)
    const [group, other] = described
    assert.deepEqual([group!.groupState, group!.groupEpoch, group!.assignorName], ['Stable', 2, 'uniform'])
    assert.deepEqual(group!.members[0]!.assignment.topicPartitions[0]!.topicName, 't')
    assert.equal(group!.members[0]!.memberType, version === 0 ? -1 : 1)
    assert.equal(errorOf(other!), 'GROUP_ID_NOT_FOUND')
  }
  const listed = await groups.request(listGroups, 5, { statesFilter: ['stable'], typesFilter: ['Consumer'] })
  assert.deepEqual(listed.groups, [
    { groupId: 'g', protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' },
  ])
  const [classic] = (await groups.request(describeGroups, 6, { groups: ['g'] })).groups
  assert.deepEqual([classic!.errorMessage, classic!.groupState], ['Group g is not a classic group.', 'Dead'])
  await groups.restart()
  assert.equal(errorOf(await beat({ memberId, memberEpoch: 2 })), 'NONE')
  const fetch = async (id: string | null, memberEpoch: number) => {
    const asked = { groupId: 'g', memberId: id, memberEpoch, topics: null }
    return errorOf((await groups.request(offsetFetch, 9, { groups: [asked] })).groups[0]!)
  }
  assert.equal(await fetch(memberId, 2), 'NONE')
  assert.equal(await fetch(memberId, 1), 'STALE_MEMBER_EPOCH')
  assert.equal(await fetch('nobody', 2), 'UNKNOWN_MEMBER_ID')
  assert.equal(await fetch(null, -1), 'NONE')
  assert.equal((await beat({ memberId, memberEpoch: -1 })).memberEpoch, -1)
})

test('settings of a group are checked, told, and in force', async () => {
  const set = async (name: string, value: string) => {
    const configs = [{ name, configOperation: 0, value }]
    const resources = [{ resourceType: configResources.group, resourceName: 'slow', configs }]
    return (await groups.request(incrementalAlterConfigs, 1, { resources, validateOnly: false })).responses[0]!
  }
  const refused = await set('consumer.session.timeout.ms', '10')
  assert.equal(errorOf(refused), 'INVALID_CONFIG')
  assert.equal(refused.errorMessage, 'consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.')
  assert.equal((await set('nonsense', '1')).errorMessage, 'Unknown group config name: nonsense')
  assert.equal(errorOf(await set('consumer.heartbeat.interval.ms', '6000')), 'NONE')
  await groups.restart()
  const resources = [{ resourceType: configResources.group, resourceName: 'slow', configurationKeys: null }]
  const [told] = (await groups.request(describeConfigs, 4, { resources, includeSynonyms: true })).results
  const heartbeat = told!.configs.find(({ name }) => name === 'consumer.heartbeat.interval.ms')!
  assert.deepEqual([heartbeat.value, heartbeat.configSource], ['6000', configSourceCodes.group])
  assert.deepEqual(
    heartbeat.synonyms.map(({ name }) => name),
    ['consumer.heartbeat.interval.ms', 'group.consumer.heartbeat.interval.ms'],
  )
  assert.equal((await join({ groupId: 'slow' })).heartbeatIntervalMs, 6_000)
})
