import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { heartbeat, joinGroup, leaveGroup, listGroups, syncGroup } from '@ottla/protocol'
import { errorOf, GroupBroker, joinRequest } from '../testing/group-broker.ts'
import { subscription } from '../testing/group-harness.ts'
import { versionsOf } from '../testing/test-broker.ts'

let groups: GroupBroker
before(async () => {
  groups = await GroupBroker.start({ 'group.max.size': '3' })
})
after(() => groups.stop())

for (const version of versionsOf(joinGroup)) {
  test(`lets a first member in, in version ${version}`, async () => {
    const groupId = `first-${version}`
    let memberId = ''
    if (version >= 4) {
      const first = await groups.request(joinGroup, version, joinRequest({ groupId }))
      assert.equal(errorOf(first), 'MEMBER_ID_REQUIRED')
      assert.deepEqual([first.generationId, first.leader, first.members], [-1, '', []])
      memberId = first.memberId
      assert.match(memberId, /^raw-[0-9a-f-]{36}$/)
    }
    const joined = await groups.request(joinGroup, version, joinRequest({ groupId, memberId }))
    assert.equal(errorOf(joined), 'NONE')
    if (version >= 4) assert.equal(joined.memberId, memberId)
    assert.deepEqual(joined.members, [
      { memberId: joined.memberId, groupInstanceId: null, metadata: subscription('t') },
    ])
    assert.deepEqual([joined.generationId, joined.leader, joined.protocolName], [1, joined.memberId, 'range'])
    assert.equal(joined.protocolType, version >= 7 ? 'consumer' : null)
  })

  test(`refuses what can not be, in version ${version}`, async () => {
    const error = async (request: Parameters<typeof joinRequest>[0]) => {
      const answer = await groups.request(joinGroup, version, joinRequest({ groupId: 'refused', ...request }))
      assert.equal(answer.protocolName, version < 7 ? '' : null)
      assert.equal(answer.memberId, request?.memberId ?? '')
      return errorOf(answer)
    }
    assert.equal(await error({ groupId: '', memberId: 'm' }), 'INVALID_GROUP_ID')
    assert.equal(await error({ sessionTimeoutMs: 5_999 }), 'INVALID_SESSION_TIMEOUT')
    assert.equal(await error({ sessionTimeoutMs: 1_800_001, memberId: 'm' }), 'INVALID_SESSION_TIMEOUT')
    assert.equal(await error({ memberId: 'made-up' }), 'UNKNOWN_MEMBER_ID')
    assert.equal(await error({ protocols: [] }), 'INCONSISTENT_GROUP_PROTOCOL')
    assert.equal(await error({ protocolType: '' }), 'INCONSISTENT_GROUP_PROTOCOL')
  })
}

for (const version of versionsOf(syncGroup)) {
  test(`hands out the work and hears of members, in version ${version} of SyncGroup`, async () => {
    const groupId = `work-${version}`
    const { memberId, generationId } = await groups.request(joinGroup, 3, joinRequest({ groupId }))
    const request = { groupId, generationId, memberId, protocolType: 'consumer', protocolName: 'range' }
    const assignments = [{ memberId, assignment: Buffer.from('work') }]
    const synced = await groups.request(syncGroup, version, { ...request, assignments })
    assert.equal(errorOf(synced), 'NONE')
    assert.equal(synced.assignment.toString(), 'work')
    assert.deepEqual([synced.protocolType, synced.protocolName], version < 5 ? [null, null] : ['consumer', 'range'])
    const error = async (change: object) => {
      const answer = await groups.request(syncGroup, version, { ...request, assignments: [], ...change })
      assert.equal(answer.assignment.length, 0)
      return errorOf(answer)
    }
    assert.equal(await error({ generationId: generationId + 1 }), 'ILLEGAL_GENERATION')
    assert.equal(await error({ memberId: 'made-up' }), 'UNKNOWN_MEMBER_ID')
    assert.equal(await error({ groupId: 'nowhere' }), 'UNKNOWN_MEMBER_ID')
    assert.equal(await error({ groupId: '' }), 'INVALID_GROUP_ID')
    if (version < 5) return
    assert.equal(await error({ protocolName: 'other' }), 'INCONSISTENT_GROUP_PROTOCOL')
    assert.equal(await error({ protocolType: 'other' }), 'INCONSISTENT_GROUP_PROTOCOL')
    assert.equal(await error({ protocolType: null }), 'INCONSISTENT_GROUP_PROTOCOL')
  })
}

for (const version of versionsOf(heartbeat)) {
  test(`answers a heartbeat in version ${version}`, async () => {
    const { groupId, memberId, generationId } = await groups.stableMember(`beat-${version}`)
    const beat = async (change: object = {}) =>
      errorOf(await groups.request(heartbeat, version, { groupId, generationId, memberId, ...change }))
    assert.equal(await beat(), 'NONE')
    assert.equal(await beat({ generationId: 7 }), 'ILLEGAL_GENERATION')
    assert.equal(await beat({ memberId: 'made-up' }), 'UNKNOWN_MEMBER_ID')
    assert.equal(await beat({ groupId: 'nowhere' }), 'UNKNOWN_MEMBER_ID')
    assert.equal(await beat({ groupId: '' }), 'INVALID_GROUP_ID')
    const other = await groups.connect()
    const joining = other.request(joinGroup, 3, joinRequest({ groupId }))
    while ((await beat()) === 'NONE');
    assert.equal(await beat(), 'REBALANCE_IN_PROGRESS')
    await groups.request(leaveGroup, 2, { groupId, memberId })
    assert.equal((await joining).generationId, generationId + 1)
    await other.close()
  })
}

for (const version of versionsOf(leaveGroup)) {
  test(`lets members go in version ${version}`, async () => {
    const { groupId, memberId } = await groups.stableMember(`leave-${version}`)
    const leave = (id: string, from = groupId) =>
      groups.request(leaveGroup, version, {
        groupId: from,
        memberId: id,
        members: [{ memberId: id }, { memberId: 'made-up' }],
      })
    const answer = await leave(memberId)
    assert.equal(errorOf(answer), 'NONE')
    if (version >= 3) assert.deepEqual(answer.members.map(errorOf), ['NONE', 'UNKNOWN_MEMBER_ID'])
    const again = await leave(memberId)
    if (version < 3) assert.equal(errorOf(again), 'UNKNOWN_MEMBER_ID')
    else assert.deepEqual(again.members.map(errorOf), ['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'])
    const nowhere = await leave(memberId, 'nowhere')
    if (version < 3) assert.equal(errorOf(nowhere), 'UNKNOWN_MEMBER_ID')
    else assert.deepEqual(nowhere.members.map(errorOf), ['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'])
    assert.equal(errorOf(await leave(memberId, '')), 'INVALID_GROUP_ID')
  })
}

for (const version of versionsOf(joinGroup).filter(version => version >= 5)) {
  test(`lets a static member come back under a new id, in version ${version}`, async () => {
    const groupId = `static-${version}`
    const request = joinRequest({ groupId, groupInstanceId: 'one' })
    const { memberId: oldId, generationId } = await groups.request(joinGroup, version, request)
    const identity = { groupId, generationId, groupInstanceId: 'one' }
    const assignments = [{ memberId: oldId, assignment: Buffer.from('work') }]
    await groups.request(syncGroup, 4, { ...identity, memberId: oldId, assignments })
    const back = await groups.request(joinGroup, version, request)
    assert.notEqual(back.memberId, oldId)
    assert.deepEqual([errorOf(back), back.generationId], ['NONE', generationId])
    assert.deepEqual([back.leader, back.skipAssignment], version < 9 ? [oldId, false] : [back.memberId, true])
    const synced = await groups.request(syncGroup, 4, { ...identity, memberId: back.memberId, assignments: [] })
    assert.equal(synced.assignment.toString(), 'work')
    assert.equal(errorOf(await groups.request(heartbeat, 4, { ...identity, memberId: oldId })), 'FENCED_INSTANCE_ID')
  })
}

test('turns away more members than the group may have', async () => {
  const groupId = 'full'
  const others = await Promise.all([1, 2, 3].map(() => groups.connect()))
  const { memberId } = await groups.request(joinGroup, 3, joinRequest({ groupId }))
  const waiting = others.slice(0, 2).map(other => other.request(joinGroup, 3, joinRequest({ groupId })))
  const beat = () => groups.request(heartbeat, 3, { groupId, generationId: 1, memberId })
  while (groups.broker.groups.existingShard(groupId)?.find(groupId)?.group.members.size !== 3) await beat()
  await groups.request(joinGroup, 3, joinRequest({ groupId, memberId }))
  await Promise.all(waiting)
  const answer = await others[2]!.request(joinGroup, 9, joinRequest({ groupId }))
  assert.deepEqual([errorOf(answer), answer.memberId], ['GROUP_MAX_SIZE_REACHED', ''])
  await Promise.all(others.map(other => other.close()))
})

test('a restart goes on with the generation and the work that there was', async () => {
  const { groupId, memberId, generationId } = await groups.stableMember('restart')
  await groups.restart()
  assert.equal(errorOf(await groups.request(heartbeat, 4, { groupId, generationId, memberId })), 'NONE')
  const synced = await groups.request(syncGroup, 2, { groupId, generationId, memberId, assignments: [] })
  assert.equal(synced.assignment.toString(), 'work')
})

test('a stop answers a member that waits', async () => {
  const { groupId } = await groups.stableMember('stop')
  const other = await groups.connect()
  const waiting = other.request(joinGroup, 3, joinRequest({ groupId }))
  const group = groups.broker.groups.existingShard(groupId)!.find(groupId)!.group
  while (group.state === 'Stable') await groups.request(listGroups, 4, { statesFilter: [] })
  await groups.restart()
  assert.equal(errorOf(await waiting), 'NOT_COORDINATOR')
  await other.close()
})
