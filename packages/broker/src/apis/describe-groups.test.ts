import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deleteGroups, describeGroups, leaveGroup, listGroups, offsetCommit } from '@ottla/protocol'
import { errorOf, GroupBroker } from '../testing/group-broker.ts'
import { subscription } from '../testing/group-harness.ts'
import { versionsOf } from '../testing/test-broker.ts'

let groups: GroupBroker
let memberId: string
const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]

before(async () => {
  groups = await GroupBroker.start()
  ;({ memberId } = await groups.stableMember('live'))
  const left = await groups.stableMember('left')
  await groups.request(leaveGroup, 1, { groupId: 'left', memberId: left.memberId })
  await groups.request(offsetCommit, 8, { groupId: 'simple', memberId: '', topics: [{ name: 't', partitions }] })
})
after(() => groups.stop())

for (const version of versionsOf(describeGroups)) {
  test(`describes a stable group with its members, in version ${version}`, async () => {
    const request = { groups: ['live'], includeAuthorizedOperations: true }
    const answer = await groups.request(describeGroups, version, request)
    assert.deepEqual(answer.groups, [
      {
        errorCode: 0,
        errorMessage: null,
        groupId: 'live',
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId,
            groupInstanceId: null,
            clientId: 'raw',
            clientHost: '/127.0.0.1',
            memberMetadata: subscription('t'),
            memberAssignment: Buffer.from('work'),
          },
        ],
        authorizedOperations: version < 3 ? -(2 ** 31) : 3400,
      },
    ])
  })

  test(`tells of groups that are empty and that are not there, in version ${version}`, async () => {
    const answer = await groups.request(describeGroups, version, { groups: ['left', 'simple', 'nowhere'] })
    assert.deepEqual(
      answer.groups.map(group => [
        group.groupId,
        group.groupState,
        group.protocolType,
        errorOf(group),
        group.errorMessage,
      ]),
      [
        ['left', 'Empty', 'consumer', 'NONE', null],
        ['simple', 'Empty', '', 'NONE', null],
        version < 6
          ? ['nowhere', 'Dead', '', 'NONE', null]
          : ['nowhere', 'Dead', '', 'GROUP_ID_NOT_FOUND', 'Group nowhere not found.'],
      ],
    )
    for (const group of answer.groups) assert.equal(group.authorizedOperations, -(2 ** 31))
  })
}

for (const version of versionsOf(listGroups)) {
  test(`lists groups, filtered by state and type, in version ${version}`, async () => {
    const list = async (statesFilter: string[], typesFilter: string[]) => {
      const answer = await groups.request(listGroups, version, { statesFilter, typesFilter })
      assert.equal(errorOf(answer), 'NONE')
      return answer.groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
    }
    const groupType = version < 5 ? '' : 'classic'
    const state = (text: string) => (version < 4 ? '' : text)
    assert.deepEqual(await list([], []), [
      { groupId: 'left', protocolType: 'consumer', groupState: state('Empty'), groupType },
      { groupId: 'live', protocolType: 'consumer', groupState: state('Stable'), groupType },
      { groupId: 'simple', protocolType: '', groupState: state('Empty'), groupType },
    ])
    if (version < 4) return
    assert.deepEqual(
      (await list(['stable', 'Dead'], [])).map(group => group.groupId),
      ['live'],
    )
    assert.deepEqual(await list(['no state'], []), [])
    if (version < 5) return
    assert.equal((await list([], ['Classic', 'other'])).length, 3)
    assert.deepEqual(await list([], ['consumer']), [])
  })
}

for (const version of versionsOf(deleteGroups)) {
  test(`deletes groups without members, for good, in version ${version}`, async () => {
    const groupId = `gone-${version}`
    await groups.request(offsetCommit, 8, { groupId, memberId: '', topics: [{ name: 't', partitions }] })
    const answer = await groups.request(deleteGroups, version, { groupsNames: [groupId, 'live', 'nowhere', groupId] })
    assert.deepEqual(
      answer.results.map(result => [result.groupId, errorOf(result)]),
      [
        [groupId, 'NONE'],
        ['live', 'NON_EMPTY_GROUP'],
        ['nowhere', 'GROUP_ID_NOT_FOUND'],
      ],
    )
    assert.equal(answer.results[2]!.errorMessage, version < 3 ? null : 'Group nowhere not found.')
    const listed = await groups.request(listGroups, 3, {})
    assert.ok(listed.groups.every(group => group.groupId !== groupId))
  })
}
