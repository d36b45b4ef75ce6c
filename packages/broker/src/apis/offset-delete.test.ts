import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { offsetCommit, offsetDelete } from '@ottla/protocol'
import { errorOf, GroupBroker } from '../testing/group-broker.ts'

let groups: GroupBroker
before(async () => {
  groups = await GroupBroker.start()
})
after(() => groups.stop())

const topics = [
  { name: 't', partitions: [0, 1, 2].map(partitionIndex => ({ partitionIndex })) },
  { name: 'unknown', partitions: [{ partitionIndex: 0 }] },
]

test('deletes what is there and says what can not be', async () => {
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  await groups.request(offsetCommit, 8, { groupId: 'g', memberId: '', topics: [{ name: 't', partitions }] })
  const answer = await groups.request(offsetDelete, 0, { groupId: 'g', topics })
  assert.equal(errorOf(answer), 'NONE')
  assert.deepEqual(
    answer.topics.map(topic => topic.partitions.map(errorOf)),
    [['NONE', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'], ['UNKNOWN_TOPIC_OR_PARTITION']],
  )
  assert.ok(groups.broker.groups.existingShard('g')!.find('g')!.offsets.isEmpty)
})

test('keeps offsets of what the group reads', async () => {
  const { groupId } = await groups.stableMember('reading')
  const answer = await groups.request(offsetDelete, 0, { groupId, topics })
  assert.deepEqual(answer.topics[0]!.partitions.map(errorOf), [
    'GROUP_SUBSCRIBED_TO_TOPIC',
    'GROUP_SUBSCRIBED_TO_TOPIC',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
})

test('refuses groups that are not there', async () => {
  assert.equal(errorOf(await groups.request(offsetDelete, 0, { groupId: 'nowhere', topics })), 'GROUP_ID_NOT_FOUND')
  assert.equal(errorOf(await groups.request(offsetDelete, 0, { groupId: '', topics })), 'INVALID_GROUP_ID')
})
