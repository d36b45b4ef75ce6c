import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { offsetCommit, offsetFetch, type RequestInput, zeroUuid } from '@ottla/protocol'
import { errorOf, GroupBroker } from '../testing/group-broker.ts'
import { versionsOf } from '../testing/test-broker.ts'

let groups: GroupBroker
before(async () => {
  groups = await GroupBroker.start()
})
after(() => groups.stop())

type Commit = RequestInput<typeof offsetCommit>
type Partition = Commit['topics'][number]['partitions'][number]

const unknownTopicId = 'AAAAAAAAAAAAAAAAAAAAAw'

function commitRequest({
  partitions,
  ...change
}: Partial<Commit> & { partitions?: Partial<Partition>[] } = {}): Commit {
  const filled = (partitions ?? [{}]).map(partition => ({
    partitionIndex: 0,
    committedOffset: 42,
    committedLeaderEpoch: 5,
    committedMetadata: 'note',
    ...partition,
  }))
  return {
    groupId: 'g',
    memberId: '',
    topics: [{ topicId: groups.topicId, name: 't', partitions: filled }],
    ...change,
  }
}

async function errors(version: number, request: Commit) {
  const { topics } = await groups.request(offsetCommit, version, request)
  return topics.flatMap(({ partitions }) => partitions.map(errorOf))
}

async function fetched(version: number, groupId: string, partitions: number[] | null = [0]) {
  const topics = partitions && [{ topicId: groups.topicId, name: 't', partitionIndexes: partitions }]
  const request = { groupId, topics, groups: [{ groupId, topics }], requireStable: true }
  const answer = await groups.request(offsetFetch, version, request)
  const group = version < 8 ? answer : answer.groups[0]!
  assert.equal(errorOf(group), 'NONE')
  return group.topics
}

for (const version of versionsOf(offsetCommit)) {
  test(`stores and tells offsets, in version ${version} of OffsetCommit`, async () => {
    const groupId = `commit-${version}`
    const offset = { committedOffset: 2n ** 63n - 1n }
    const request = commitRequest({ groupId, partitions: [offset, { partitionIndex: 1, committedMetadata: null }] })
    const { topics } = await groups.request(offsetCommit, version, request)
    assert.deepEqual(topics, [
      {
        topicId: version < 10 ? zeroUuid : groups.topicId,
        name: version < 10 ? 't' : '',
        partitions: [0, 1].map(partitionIndex => ({ partitionIndex, errorCode: 0 })),
      },
    ])
    const leaderEpoch = version < 6 ? -1 : 5
    assert.deepEqual(await fetched(8, groupId, [0, 1]), [
      {
        topicId: zeroUuid,
        name: 't',
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 2n ** 63n - 1n,
            committedLeaderEpoch: leaderEpoch,
            metadata: 'note',
            errorCode: 0,
          },
          { partitionIndex: 1, committedOffset: 42n, committedLeaderEpoch: leaderEpoch, metadata: '', errorCode: 0 },
        ],
      },
    ])
  })

  test(`refuses for each partition what is wrong with it, in version ${version}`, async () => {
    const groupId = `wrong-${version}`
    const { topics } = commitRequest({
      partitions: [
        { partitionIndex: 2 },
        { partitionIndex: -1 },
        {},
        { partitionIndex: 1, committedMetadata: 'x'.repeat(4097) },
      ],
    })
    const unknown = {
      topicId: unknownTopicId,
      name: 'unknown',
      partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }],
    }
    assert.deepEqual(await errors(version, commitRequest({ groupId, topics: [...topics, unknown] })), [
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'NONE',
      'OFFSET_METADATA_TOO_LARGE',
      version < 10 ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID',
    ])
    assert.deepEqual(await errors(version, commitRequest({ groupId: 'nothing', topics: [] })), [])
    assert.equal(groups.broker.groups.existingShard('nothing')!.find('nothing'), undefined)
  })

  test(`checks who commits, in version ${version}`, async () => {
    const { groupId, memberId, generationId } = await groups.stableMember(`member-${version}`)
    const commit = async (change: Partial<Commit>) => (await errors(version, commitRequest({ groupId, ...change })))[0]
    const as = (id: string, generation: number) => ({ memberId: id, generationIdOrMemberEpoch: generation })
    assert.equal(await commit(as(memberId, generationId)), 'NONE')
    assert.equal(await commit({}), 'UNKNOWN_MEMBER_ID')
    assert.equal(await commit(as('made-up', generationId)), 'UNKNOWN_MEMBER_ID')
    assert.equal(await commit(as(memberId, generationId + 1)), 'ILLEGAL_GENERATION')
    const unknownGroup = version < 9 ? 'ILLEGAL_GENERATION' : 'GROUP_ID_NOT_FOUND'
    assert.equal(await commit({ groupId: 'nowhere', ...as(memberId, generationId) }), unknownGroup)
    if (version < 7) return
    const fixed = { groupInstanceId: 'unknown', ...as(memberId, generationId) }
    assert.equal(await commit(fixed), 'UNKNOWN_MEMBER_ID')
  })
}

for (const version of versionsOf(offsetFetch)) {
  test(`tells what is there and what is not, in version ${version} of OffsetFetch`, async () => {
    const groupId = `fetch-${version}`
    await groups.request(offsetCommit, 8, commitRequest({ groupId }))
    const [topic] = await fetched(version, groupId, [0, 1, 99])
    assert.deepEqual(topic!.partitions, [
      {
        partitionIndex: 0,
        committedOffset: 42n,
        committedLeaderEpoch: version < 5 ? -1 : 5,
        metadata: 'note',
        errorCode: 0,
      },
      ...[1, 99].map(partitionIndex => ({
        partitionIndex,
        committedOffset: -1n,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: 0,
      })),
    ])
    assert.equal(topic!.name, version < 10 ? 't' : '')
    const [nothing] = await fetched(version, 'nobody')
    assert.equal(nothing!.partitions[0]!.committedOffset, -1n)
    if (version < 2) return
    assert.equal((await fetched(version, groupId, null)).length, 1)
    assert.deepEqual(await fetched(version, 'nobody', null), [])
  })
}

test('answers each of several groups for itself', async () => {
  await groups.request(offsetCommit, 8, commitRequest({ groupId: 'one' }))
  const topics = [{ topicId: unknownTopicId, name: '', partitionIndexes: [0] }]
  const asked = [
    { groupId: 'one', topics: null, memberId: 'whoever', memberEpoch: 9 },
    { groupId: 'two', topics: null },
    { groupId: 'one', topics },
  ]
  const answer = await groups.request(offsetFetch, 10, { groups: asked, requireStable: false })
  assert.deepEqual(
    answer.groups.map(group => [group.groupId, errorOf(group), group.topics.length]),
    [
      ['one', 'NONE', 1],
      ['two', 'NONE', 0],
      ['one', 'NONE', 1],
    ],
  )
  assert.equal(answer.groups[0]!.topics[0]!.topicId, groups.topicId)
  assert.equal(errorOf(answer.groups[2]!.topics[0]!.partitions[0]!), 'UNKNOWN_TOPIC_ID')
})

test('offsets outlive a restart, and those of a topic that was deleted and created again do not come back', async () => {
  await groups.request(offsetCommit, 8, commitRequest({ groupId: 'kept' }))
  await groups.restart()
  assert.equal((await fetched(8, 'kept'))[0]?.partitions[0]?.committedOffset, 42n)
  await groups.broker.metadata.deleteTopic(groups.topicId)
  assert.deepEqual(await fetched(8, 'kept', null), [])
  await groups.createTopic()
  assert.equal((await fetched(8, 'kept'))[0]?.partitions[0]?.committedOffset, -1n)
  await groups.restart()
  assert.equal((await fetched(8, 'kept'))[0]?.partitions[0]?.committedOffset, -1n)
})

test('an offset that was committed for an earlier topic of the name is told to nobody, in any version of OffsetFetch', async () => {
  const groupId = 'earlier'
  assert.deepEqual(await errors(9, commitRequest({ groupId })), ['NONE'])
  // As if the deletion of that topic had not reached the log of groups: what is stored names another id.
  const { offsets } = groups.broker.groups.existingShard(groupId)!.find(groupId)!
  offsets.set('t', 0, { ...offsets.get('t', 0)!, topicId: unknownTopicId })
  for (const version of versionsOf(offsetFetch)) {
    const [topic] = await fetched(version, groupId)
    assert.equal(topic!.partitions[0]!.committedOffset, -1n, `version ${version}`)
  }
})
