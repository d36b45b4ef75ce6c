import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorName, KafkaError } from '@ottla/protocol'
import { GroupHarness, subscription } from '../testing/group-harness.ts'

const refuses = (act: () => unknown, errorName: ErrorName): void => {
  assert.throws(act, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)
}

describe('joining', () => {
  test('hands out a member id first and lets the member in when it comes back with it', () => {
    const harness = new GroupHarness()
    const first = harness.join({ clientId: 'app' })
    assert.deepEqual(first.result, { error: 'MEMBER_ID_REQUIRED', memberId: 'app-1' })
    assert.equal(harness.group.state, 'Empty')
    const { result } = harness.join({ memberId: 'app-1' })
    assert.equal(result?.error, 'NONE')
    assert.equal(result?.generationId, 1)
    assert.equal(result?.leader, 'app-1')
    assert.equal(result?.protocolName, 'range')
    assert.deepEqual(result?.members, [{ memberId: 'app-1', groupInstanceId: null, metadata: subscription('t') }])
    assert.equal(harness.group.state, 'CompletingRebalance')
  })

  test('lets an old client in at once', () => {
    const harness = new GroupHarness()
    assert.equal(harness.join({ isOldClient: true }).result?.generationId, 1)
  })

  test('makes members join again when another one comes, and tells the members to the leader only', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    const { memberId, joined } = harness.joinWithNewId()
    assert.equal(joined.count, 0)
    assert.equal(harness.group.state, 'PreparingRebalance')
    refuses(() => harness.heartbeat(leader), 'REBALANCE_IN_PROGRESS')
    const leaderJoined = harness.join({ memberId: leader })
    assert.deepEqual(
      leaderJoined.result?.members?.map(member => member.memberId),
      [leader, memberId],
    )
    assert.deepEqual(joined.result?.members, [])
    assert.equal(joined.result?.leader, leader)
    assert.equal(joined.result?.generationId, 2)
  })

  test('waits for the longest rebalance timeout, then goes on without those who did not come', () => {
    const [harness, ids] = GroupHarness.stable(2)
    const [first = '', second = ''] = ids
    harness.group.members.get(second)!.rebalanceTimeoutMs = 90_000
    const { joined } = harness.joinWithNewId({ sessionTimeoutMs: 100_000 })
    for (const at of [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88]) {
      harness.time.advance(8_000)
      refuses(() => harness.heartbeat(second), 'REBALANCE_IN_PROGRESS')
      refuses(() => harness.heartbeat(first), 'REBALANCE_IN_PROGRESS')
      assert.equal(joined.count, 0, `after ${at} s`)
    }
    harness.time.advance(2_000)
    assert.equal(joined.result?.error, 'NONE')
    assert.deepEqual(joined.result?.members?.length, 1)
    refuses(() => harness.heartbeat(first), 'UNKNOWN_MEMBER_ID')
  })

  test('waits for an id that was handed out, but not longer than its session', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    harness.join({ sessionTimeoutMs: 7_000 })
    const rejoined = harness.join({ memberId: leader })
    assert.equal(rejoined.count, 0)
    harness.time.advance(6_999)
    assert.equal(rejoined.count, 0)
    harness.time.advance(1)
    assert.equal(rejoined.result?.generationId, 2)
  })

  test('delays the first generation while newcomers arrive, at most for the rebalance timeout', () => {
    const harness = new GroupHarness({ settings: { initialRebalanceDelayMs: 3_000 } })
    const joins = [harness.join({ isOldClient: true, rebalanceTimeoutMs: 7_000 })]
    for (let i = 0; i < 2; i++) {
      harness.time.advance(2_999)
      joins.push(harness.join({ isOldClient: true, rebalanceTimeoutMs: 7_000 }))
      assert.equal(joins[0]?.count, 0)
      harness.time.advance(1)
    }
    assert.equal(joins[0]?.count, 0)
    harness.time.advance(999)
    assert.equal(joins[0]?.count, 0)
    harness.time.advance(1)
    assert.deepEqual(
      joins.map(join => join.result?.generationId),
      [1, 1, 1],
    )
  })

  test('does not extend the delay when nobody arrives', () => {
    const harness = new GroupHarness({ settings: { initialRebalanceDelayMs: 3_000 } })
    const join = harness.join({ isOldClient: true })
    harness.time.advance(2_999)
    assert.equal(join.count, 0)
    harness.time.advance(1)
    // The first member counts as a newcomer to nobody.
    assert.equal(join.result?.generationId, 1)
  })

  test('answers a repeated join of the same member with the generation it belongs to', () => {
    const [harness, [leader = '', follower = '']] = GroupHarness.stable(2)
    const generation = harness.group.generationId
    assert.equal(harness.join({ memberId: follower }).result?.generationId, generation)
    assert.equal(harness.group.state, 'Stable')
    assert.equal(harness.join({ memberId: leader }).result, null, 'a leader that joins again wants a rebalance')
    assert.equal(harness.group.state, 'PreparingRebalance')
  })

  test('rebalances when a member says something else', () => {
    const [harness, [, follower = '']] = GroupHarness.stable(2)
    harness.join({ memberId: follower, protocols: [{ name: 'range', metadata: subscription('t', 'u') }] })
    assert.equal(harness.group.state, 'PreparingRebalance')
  })

  test('rebalances when a member changes its mind before the leader has assigned', () => {
    const harness = new GroupHarness()
    const { memberId } = harness.joinWithNewId()
    const join = harness.join({ memberId, protocols: [{ name: 'range', metadata: subscription('u') }] })
    assert.equal(join.result?.generationId, 2)
  })

  test('keeps only the last of two joins of one member waiting', () => {
    const [harness, [leader = '', follower = '']] = GroupHarness.stable(2)
    const first = harness.join({ memberId: leader })
    const second = harness.join({ memberId: leader })
    assert.deepEqual(first.result, { error: 'REBALANCE_IN_PROGRESS', memberId: leader })
    harness.join({ memberId: follower })
    assert.equal(second.result?.error, 'NONE')
    assert.equal(first.count, 1)
  })

  test('chooses the protocol that all support and most prefer', () => {
    const harness = new GroupHarness({ settings: { initialRebalanceDelayMs: 1 } })
    const protocols = (...names: string[]) => names.map(name => ({ name, metadata: Buffer.from(name) }))
    const joins = [protocols('only-mine', 'a', 'b'), protocols('b', 'a'), protocols('b', 'a', 'c')].map(list =>
      harness.join({ isOldClient: true, protocols: list }),
    )
    harness.time.advance(2)
    assert.deepEqual(
      joins.map(join => join.result?.protocolName),
      ['b', 'b', 'b'],
    )
    assert.deepEqual(
      joins[0]?.result?.members?.map(member => member.metadata.toString()),
      ['b', 'b', 'b'],
    )
  })

  test('refuses protocols that do not fit', () => {
    const [harness] = GroupHarness.stable(1)
    refuses(() => harness.join({ protocolType: 'connect' }), 'INCONSISTENT_GROUP_PROTOCOL')
    refuses(
      () => harness.join({ protocols: [{ name: 'sticky', metadata: Buffer.alloc(0) }] }),
      'INCONSISTENT_GROUP_PROTOCOL',
    )
    const empty = new GroupHarness()
    refuses(() => empty.join({ protocolType: '' }), 'INCONSISTENT_GROUP_PROTOCOL')
    refuses(() => empty.join({ protocols: [] }), 'INCONSISTENT_GROUP_PROTOCOL')
  })

  test('refuses an id that it never gave out', () => {
    const [harness] = GroupHarness.stable(1)
    refuses(() => harness.join({ memberId: 'made-up' }), 'UNKNOWN_MEMBER_ID')
  })

  test('refuses more members than the group may have, also among those who rejoin', () => {
    const [harness, ids] = GroupHarness.stable(2, { settings: { maxSize: 2 } })
    const [first = '', second = ''] = ids
    refuses(() => harness.join(), 'GROUP_MAX_SIZE_REACHED')
    assert.equal(harness.group.state, 'Stable')
    harness.join({ memberId: first })
    harness.join({ memberId: second })
    assert.equal(harness.group.state, 'CompletingRebalance')
    refuses(() => harness.join({ isOldClient: true }), 'GROUP_MAX_SIZE_REACHED')
  })

  test('turns away the last to come when the group has become smaller by its settings', () => {
    const [big, ids] = GroupHarness.stable(3)
    const harness = new GroupHarness({ settings: { maxSize: 2 }, restored: big.stored.at(-1)! })
    const [first = '', second = '', third = ''] = ids
    const joined = harness.join({ memberId: first })
    refuses(() => {
      harness.join({ memberId: second, protocols: [{ name: 'range', metadata: subscription('x') }] })
      harness.join({ memberId: third })
    }, 'GROUP_MAX_SIZE_REACHED')
    assert.equal(joined.result?.members?.length, 2)
    assert.equal(harness.group.members.has(third), false)
  })

  test('gives up on a new member whose request waits for five minutes', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    harness.group.members.get(leader)!.rebalanceTimeoutMs = 600_000
    const { joined } = harness.joinWithNewId()
    for (let i = 0; i < 37; i++) {
      harness.time.advance(8_000)
      refuses(() => harness.heartbeat(leader), 'REBALANCE_IN_PROGRESS')
    }
    assert.equal(joined.count, 0)
    harness.time.advance(4_000)
    assert.equal(joined.result?.error, 'UNKNOWN_MEMBER_ID')
    assert.equal(harness.group.members.size, 1)
  })
})

describe('synchronizing', () => {
  test('gives everyone his part when the leader has sent it and it is durable, not before', () => {
    const harness = new GroupHarness()
    harness.holdsStores = true
    const { memberId: leader } = harness.joinWithNewId()
    const { memberId: follower } = harness.joinWithNewId()
    harness.join({ memberId: leader })
    const followerSync = harness.sync(follower)
    assert.equal(followerSync.count, 0)
    const leaderSync = harness.sync(leader, { assignments: { [leader]: 'a', [follower]: 'b', stranger: 'c' } })
    assert.equal(leaderSync.count, 0)
    assert.equal(harness.group.state, 'CompletingRebalance')
    harness.completeStores()
    assert.equal(harness.group.state, 'Stable')
    assert.equal(leaderSync.result?.assignment?.toString(), 'a')
    assert.equal(followerSync.result?.assignment?.toString(), 'b')
    assert.deepEqual(
      harness.stored.at(-1)?.members.map(member => member.assignment?.toString()),
      ['a', 'b'],
    )
  })

  test('gives an empty part to whom the leader forgot', () => {
    const [harness, ids] = GroupHarness.stable(2)
    const [first = '', second = ''] = ids
    harness.join({ memberId: first })
    harness.join({ memberId: second })
    const sync = harness.sync(second)
    harness.sync(first, { assignments: { [first]: 'all' } })
    assert.equal(sync.result?.assignment?.length, 0)
  })

  test('answers at once in a stable group', () => {
    const [harness, [, follower = '']] = GroupHarness.stable(2)
    assert.equal(harness.sync(follower).result?.assignment?.toString(), 'work 1')
  })

  test('sends waiting members back to joining when another one comes', () => {
    const harness = new GroupHarness()
    const { memberId } = harness.joinWithNewId()
    harness.holdsStores = true
    const sync = harness.sync(memberId, { assignments: { [memberId]: 'a' } })
    harness.joinWithNewId()
    assert.equal(sync.result?.error, 'REBALANCE_IN_PROGRESS')
    harness.completeStores()
    assert.equal(harness.group.state, 'PreparingRebalance', 'a late write changes nothing')
    assert.equal(harness.group.members.get(memberId)?.assignment.length, 0)
  })

  test('rebalances when the assignment can not be stored', () => {
    const harness = new GroupHarness()
    const { memberId } = harness.joinWithNewId()
    harness.holdsStores = true
    const sync = harness.sync(memberId, { assignments: { [memberId]: 'a' } })
    harness.completeStores(new KafkaError('NOT_COORDINATOR'))
    assert.equal(sync.result?.error, 'NOT_COORDINATOR')
    assert.equal(harness.group.state, 'PreparingRebalance')
    assert.equal(harness.join({ memberId }).result?.generationId, 2)
  })

  test('does not take the assignment of a generation that is over', () => {
    const harness = new GroupHarness()
    const { memberId: leader } = harness.joinWithNewId()
    harness.holdsStores = true
    harness.sync(leader, { assignments: { [leader]: 'old' } })
    const { memberId } = harness.joinWithNewId()
    harness.join({ memberId: leader })
    const sync = harness.sync(memberId)
    harness.completeStores()
    assert.equal(harness.group.state, 'CompletingRebalance')
    assert.equal(sync.count, 0)
  })

  test('refuses other generations, protocols and strangers', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    refuses(() => harness.sync(leader, { generationId: 0 }), 'ILLEGAL_GENERATION')
    refuses(() => harness.sync(leader, { generationId: 2 }), 'ILLEGAL_GENERATION')
    refuses(() => harness.sync('stranger'), 'UNKNOWN_MEMBER_ID')
  })

  test('throws out members that do not ask for their part in the rebalance timeout', () => {
    const harness = new GroupHarness()
    const { memberId: leader } = harness.joinWithNewId()
    const { memberId: silent } = harness.joinWithNewId()
    harness.join({ memberId: leader })
    harness.sync(leader, { assignments: { [leader]: 'a', [silent]: 'b' } })
    assert.equal(harness.group.state, 'Stable')
    for (let i = 0; i < 7; i++) {
      harness.time.advance(8_000)
      harness.heartbeat(leader)
      harness.heartbeat(silent)
    }
    harness.time.advance(4_000)
    refuses(() => harness.heartbeat(silent), 'UNKNOWN_MEMBER_ID')
    refuses(() => harness.heartbeat(leader), 'REBALANCE_IN_PROGRESS')
  })
})

describe('sessions', () => {
  test('ends the membership of a silent member and rebalances the others', () => {
    const [harness, [leader = '', silent = '']] = GroupHarness.stable(2)
    harness.time.advance(9_999)
    harness.heartbeat(leader)
    harness.time.advance(1)
    assert.equal(harness.group.members.has(silent), false)
    assert.equal(harness.group.state, 'PreparingRebalance')
    assert.equal(harness.join({ memberId: leader }).result?.members?.length, 1)
  })

  test('begins anew with each heartbeat', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    for (let i = 0; i < 20; i++) {
      harness.time.advance(9_000)
      harness.heartbeat(leader)
    }
    assert.equal(harness.group.state, 'Stable')
  })

  test('empties the group when the last one goes, and stores that', () => {
    const [harness] = GroupHarness.stable(1)
    harness.time.advance(10_000)
    assert.equal(harness.group.state, 'Empty')
    assert.equal(harness.group.generationId, 2)
    const stored = harness.stored.at(-1)!
    assert.deepEqual(
      [stored.generationId, stored.members, stored.leaderId, stored.protocolType],
      [2, [], null, 'consumer'],
    )
    assert.equal(harness.time.size, 0, 'nothing is left to wait for')
  })

  test('evicts nobody after this process itself was stopped', () => {
    const [harness, ids] = GroupHarness.stable(3)
    harness.time.pause(60_000)
    for (const id of ids) harness.heartbeat(id)
    assert.equal(harness.group.state, 'Stable')
    harness.time.advance(9_999)
    assert.equal(harness.group.members.size, 3)
    harness.time.advance(1)
    assert.equal(harness.group.members.size, 0)
  })

  test('begins with the first generation for a member that was new', () => {
    const harness = new GroupHarness()
    harness.joinWithNewId()
    harness.time.advance(10_000)
    assert.equal(harness.group.state, 'Empty')
  })

  test('does not end while the member waits for the others', () => {
    const [harness, [first = '', second = '']] = GroupHarness.stable(2)
    const waiting = harness.join({ memberId: first })
    for (let i = 0; i < 5; i++) {
      harness.time.advance(9_000)
      refuses(() => harness.heartbeat(second), 'REBALANCE_IN_PROGRESS')
    }
    assert.equal(waiting.count, 0)
    harness.join({ memberId: second })
    assert.equal(waiting.result?.error, 'NONE')
  })
})

describe('leaving', () => {
  test('rebalances the others at once', () => {
    const [harness, [leader = '', follower = '']] = GroupHarness.stable(2)
    assert.deepEqual(harness.leave({ memberId: leader }), [{ memberId: leader, groupInstanceId: null, error: 'NONE' }])
    assert.equal(harness.group.leaderId, follower)
    assert.equal(harness.join({ memberId: follower }).result?.leader, follower)
  })

  test('answers each of many for itself', () => {
    const [harness, [leader = '', follower = '']] = GroupHarness.stable(2)
    const results = harness.leave({ memberId: leader }, { memberId: 'stranger' }, { memberId: follower })
    assert.deepEqual(
      results.map(result => result.error),
      ['NONE', 'UNKNOWN_MEMBER_ID', 'NONE'],
    )
    assert.equal(harness.group.state, 'Empty')
  })

  test('answers the waiting request of a member that is taken out', () => {
    const [harness, [first = '', second = '']] = GroupHarness.stable(2)
    const waiting = harness.join({ memberId: first })
    harness.leave({ memberId: first })
    assert.equal(waiting.result?.error, 'UNKNOWN_MEMBER_ID')
    assert.equal(harness.join({ memberId: second }).result?.error, 'NONE')
  })

  test('forgets an id that was handed out', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    const { memberId } = harness.join().result!
    const rejoined = harness.join({ memberId: leader })
    assert.equal(rejoined.count, 0)
    harness.leave({ memberId })
    assert.equal(rejoined.result?.generationId, 2)
  })
})

describe('static members', () => {
  const fixed = { groupInstanceId: 'i', isOldClient: true }

  function stableStatic(): [GroupHarness, string] {
    const harness = new GroupHarness()
    const { memberId } = harness.join(fixed).result!
    harness.sync(memberId, { assignments: { [memberId]: 'mine' } })
    return [harness, memberId]
  }

  test('take the place of their former self without a rebalance, and it is stored first', () => {
    const [harness, old] = stableStatic()
    harness.holdsStores = true
    const join = harness.join(fixed)
    assert.equal(join.count, 0)
    harness.completeStores()
    const { memberId, generationId, skipAssignment, leader } = join.result!
    assert.notEqual(memberId, old)
    assert.match(memberId, /^i-/)
    assert.deepEqual([generationId, skipAssignment, leader], [1, true, memberId])
    assert.equal(harness.group.state, 'Stable')
    assert.equal(harness.sync(memberId).result?.assignment?.toString(), 'mine')
    assert.deepEqual(
      harness.stored.at(-1)?.members.map(member => member.memberId),
      [memberId],
    )
  })

  test('find their place in a full group', () => {
    const harness = new GroupHarness({ settings: { maxSize: 1 } })
    const { memberId } = harness.join(fixed).result!
    harness.sync(memberId)
    assert.equal(harness.join(fixed).result?.error, 'NONE')
    refuses(() => harness.join(), 'GROUP_MAX_SIZE_REACHED')
  })

  test('fence their former self', () => {
    const [harness, old] = stableStatic()
    harness.join(fixed)
    refuses(() => harness.group.memberOf({ memberId: old, groupInstanceId: 'i' }), 'FENCED_INSTANCE_ID')
    refuses(() => harness.heartbeat(old), 'UNKNOWN_MEMBER_ID')
    refuses(() => harness.join({ groupInstanceId: 'i', memberId: old }), 'FENCED_INSTANCE_ID')
  })

  test('have a session again after the disk was slow to store them', () => {
    const [harness] = stableStatic()
    harness.holdsStores = true
    const join = harness.join(fixed)
    harness.time.advance(60_000)
    harness.completeStores()
    assert.equal(join.result?.error, 'NONE')
    harness.time.advance(10_000)
    assert.equal(harness.group.state, 'Empty')
  })

  test('are waited for after they came back if they had not asked for their part', () => {
    const harness = new GroupHarness()
    const { memberId: leader } = harness.joinWithNewId()
    harness.join(fixed)
    harness.join({ memberId: leader })
    harness.sync(leader)
    const { memberId } = harness.join({ ...fixed, sessionTimeoutMs: 600_000 }).result!
    for (let i = 0; i < 8; i++) {
      harness.time.advance(7_500)
      if (i < 7) harness.heartbeat(leader)
    }
    assert.equal(harness.group.members.has(memberId), false)
  })

  test('are not told that they lead when they can not skip the assignment', () => {
    const [harness, old] = stableStatic()
    const join = harness.join({ ...fixed, canSkipAssignment: false })
    assert.deepEqual([join.result?.leader, join.result?.members, join.result?.skipAssignment], [old, [], undefined])
  })

  test('fence a request that still waits', () => {
    const [harness, [leader = '']] = GroupHarness.stable(1)
    const waiting = harness.join(fixed)
    assert.equal(waiting.count, 0)
    const again = harness.join(fixed)
    assert.equal(waiting.result?.error, 'FENCED_INSTANCE_ID')
    harness.join({ memberId: leader })
    assert.equal(again.result?.generationId, 2)
    assert.equal(harness.group.members.size, 2)
  })

  test('rebalance when they come back during one', () => {
    const harness = new GroupHarness()
    const { memberId } = harness.join(fixed).result!
    assert.equal(harness.group.state, 'CompletingRebalance')
    assert.equal(harness.join(fixed).result?.generationId, 2)
    assert.equal(harness.group.members.has(memberId), false)
  })

  test('rebalance when they come back with another choice of protocol', () => {
    const harness = new GroupHarness()
    const protocols = ['range', 'sticky'].map(name => ({ name, metadata: Buffer.from(name) }))
    const { memberId } = harness.join({ ...fixed, protocols }).result!
    harness.sync(memberId)
    const join = harness.join({ ...fixed, protocols: protocols.toReversed() })
    assert.deepEqual([join.result?.generationId, join.result?.protocolName], [2, 'sticky'])
  })

  test('stay in the group when they miss a rebalance, but not when they do not ask for their part either', () => {
    const [harness, absent] = stableStatic()
    harness.group.members.get(absent)!.rebalanceTimeoutMs = 1_000
    const { memberId, joined } = harness.joinWithNewId({ rebalanceTimeoutMs: 5_000, sessionTimeoutMs: 100_000 })
    harness.time.advance(5_000)
    assert.equal(joined.result?.leader, memberId, 'the one who came leads')
    assert.deepEqual(
      joined.result?.members?.map(member => member.memberId),
      [absent, memberId],
    )
    harness.sync(memberId)
    harness.time.advance(5_000)
    assert.deepEqual([...harness.group.members.keys()], [memberId])
  })

  test('are taken out by an administrator who knows their name only', () => {
    const [harness] = stableStatic()
    assert.equal(harness.leave({ groupInstanceId: 'unknown' })[0]?.error, 'UNKNOWN_MEMBER_ID')
    assert.deepEqual(harness.leave({ groupInstanceId: 'i' }), [{ memberId: '', groupInstanceId: 'i', error: 'NONE' }])
    assert.equal(harness.group.state, 'Empty')
  })
})
