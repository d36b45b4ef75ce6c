import { heartbeat, joinGroup, leaveGroup, syncGroup } from '@ottla/protocol'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { join, joinRequest, lastJoinAtOnce, loneMember, syncRequest, untilState } from './groups.ts'

const metadata = Buffer.from('subscription')

export const joinGroupScenarios: readonly Scenario[] = [
  ...everyVersion(joinGroup, 'a first member', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await join(a, version, groupId)
    await a.ask(
      syncGroup,
      4,
      syncRequest(groupId, joined, [{ memberId: joined.memberId, assignment: Buffer.from('all') }]),
    )
    // Joining again with nothing changed.
    await a.ask(joinGroup, version, joinRequest(groupId, { memberId: joined.memberId }))
  }),
  ...everyVersion(joinGroup, 'a second member, and how the protocol is chosen', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const b = await t.client('b')
    const protocols = (...names: string[]) => names.map(name => ({ name, metadata: Buffer.from(`${name} of it`) }))
    const first = await join(a, version, groupId, { protocols: protocols('x', 'y', 'z') })
    const second = join(b, version, groupId, { protocols: protocols('z', 'y', 'w') })
    await untilState(t, groupId, 'PreparingRebalance', 2)
    await a.ask(heartbeat, 4, { groupId, generationId: first.generationId, memberId: first.memberId })
    const again = await a.ask(
      joinGroup,
      version,
      joinRequest(groupId, { memberId: first.memberId, protocols: protocols('x', 'y', 'z') }),
    )
    const joined = await second
    const waiting = b.ask(syncGroup, 4, syncRequest(groupId, joined))
    await a.ask(
      syncGroup,
      4,
      syncRequest(groupId, again, [
        { memberId: again.memberId, assignment: Buffer.from('half') },
        { memberId: joined.memberId, assignment: Buffer.from('other half') },
      ]),
    )
    await waiting
  }),
  ...everyVersion(joinGroup, 'what is refused', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId } = await loneMember(t, { speaker: a, groupId })
    const ask = (options: Parameters<typeof joinRequest>[1], group = groupId) =>
      a.ask(joinGroup, version, joinRequest(group, options))
    await ask({ memberId: 'nobody' })
    await ask({ memberId: 'nobody' }, t.name('other'))
    await ask({}, '')
    for (const sessionTimeoutMs of [99, 0, -1, 1_800_001]) await ask({ sessionTimeoutMs })
    await ask({ protocolType: '' })
    await ask({ protocolType: 'connect' })
    await ask({ protocols: [] })
    await ask({ protocols: [] }, t.name('empty'))
    await ask({ protocolType: '' }, t.name('untyped'))
    await ask({ protocols: [{ name: 'unheard of', metadata }] })
    await ask({ memberId, protocolType: 'connect' })
  }),
  ...everyVersion(
    joinGroup,
    'an id is given before a place is',
    async (t, version) => {
      const groupId = t.name('g')
      const a = await t.client('a')
      const b = await t.client('b')
      await a.ask(joinGroup, version, joinRequest(groupId))
      await b.ask(joinGroup, version, joinRequest(groupId, { protocols: [{ name: 'other', metadata }] }))
      await untilState(t, groupId, 'Empty')
      await a.ask(joinGroup, version, joinRequest(groupId, { memberId: 'made-up' }))
    },
    { since: lastJoinAtOnce + 1 },
  ),
  ...everyVersion(
    joinGroup,
    'a static member comes back',
    async (t, version) => {
      const groupId = t.name('g')
      const a = await t.client('a')
      const groupInstanceId = 'first'
      const joined = await loneMember(t, { speaker: a, version, groupId, groupInstanceId })
      const b = await t.client('b')
      const back = await b.ask(joinGroup, version, joinRequest(groupId, { groupInstanceId }))
      // Where nothing has changed it keeps its assignment, and the leader is told to leave it so.
      await b.ask(syncGroup, 4, syncRequest(groupId, back, [], { groupInstanceId }))
      await a.ask(heartbeat, 4, {
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupInstanceId,
      })
      await a.ask(syncGroup, 4, syncRequest(groupId, joined, [], { groupInstanceId }))
      await a.ask(joinGroup, version, joinRequest(groupId, { memberId: joined.memberId, groupInstanceId }))
      await a.ask(joinGroup, version, joinRequest(groupId, { memberId: 'unknown', groupInstanceId: 'unknown' }))
      await b.ask(leaveGroup, 5, { groupId, members: [{ memberId: '', groupInstanceId }] })
    },
    { since: 5 },
  ),
  ...everyVersion(
    joinGroup,
    'a static member comes back with another subscription',
    async (t, version) => {
      const groupId = t.name('g')
      const a = await t.client('a')
      const groupInstanceId = 'first'
      await loneMember(t, { speaker: a, version, groupId, groupInstanceId })
      const b = await t.client('b')
      const changed = [{ name: 'range', metadata: Buffer.from('another') }]
      const back = await b.ask(joinGroup, version, joinRequest(groupId, { groupInstanceId, protocols: changed }))
      await b.ask(heartbeat, 4, { groupId, generationId: back.generationId, memberId: back.memberId, groupInstanceId })
    },
    { since: 5 },
  ),
  once(joinGroup, 'a full group', async t => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId } = await join(a, 3, groupId)
    for (const [index, id] of ['b', 'c', 'd', 'e'].entries()) {
      const speaker = await t.client(id)
      void speaker.ask(joinGroup, 3, joinRequest(groupId)) // waits for the first member, in vain
      await untilState(t, groupId, 'PreparingRebalance', index + 2)
    }
    const f = await t.client('f')
    await f.ask(joinGroup, 3, joinRequest(groupId))
    await f.ask(joinGroup, 9, joinRequest(groupId))
    await a.ask(joinGroup, 3, joinRequest(groupId, { memberId }))
  }),
  once(joinGroup, 'who does not come back in time is left out', async t => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const b = await t.client('b')
    const first = await loneMember(t, { speaker: a, groupId, rebalanceTimeoutMs: 1_500 })
    const joined = await join(b, 9, groupId, { rebalanceTimeoutMs: 1_500 })
    await a.ask(heartbeat, 4, { groupId, generationId: first.generationId, memberId: first.memberId })
    await b.ask(heartbeat, 4, { groupId, generationId: joined.generationId, memberId: joined.memberId })
  }),
  once(joinGroup, 'who is silent for a session is left out', async t => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId, generationId } = await loneMember(t, { speaker: a, groupId, sessionTimeoutMs: 1_500 })
    await untilState(t, groupId, 'Empty')
    await a.ask(heartbeat, 4, { groupId, generationId, memberId })
    await join(a, 9, groupId)
  }),
]

export const syncGroupScenarios: readonly Scenario[] = [
  ...everyVersion(syncGroup, 'a lone member, right and wrong', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await join(a, 9, groupId)
    const { memberId, generationId } = joined
    const assignments = [{ memberId, assignment: Buffer.from('all') }]
    const ask = (change: Partial<{ groupId: string; memberId: string; generationId: number }>, options = {}) =>
      a.ask(syncGroup, version, syncRequest(change.groupId ?? groupId, { ...joined, ...change }, assignments, options))
    await ask({ generationId: generationId + 1 })
    await ask({ generationId: generationId - 1 })
    await ask({ memberId: 'nobody' })
    await ask({ memberId: '' })
    await ask({ groupId: t.name('other') })
    await ask({ groupId: '' })
    if (version >= 3) await ask({}, { groupInstanceId: 'nobody' })
    if (version >= 5) {
      await ask({}, { protocolType: 'connect', protocolName: 'range' })
      await ask({}, { protocolType: 'consumer', protocolName: 'other' })
    }
    await ask({}, { protocolType: 'consumer', protocolName: 'range' })
    await ask({})
    await a.ask(heartbeat, 4, { groupId, memberId, generationId })
  }),
  ...everyVersion(syncGroup, 'an assignment that leaves members out', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await join(a, 9, groupId)
    const assignments = [{ memberId: 'nobody', assignment: Buffer.from('x') }]
    const protocol = { protocolType: 'consumer', protocolName: 'range' }
    await a.ask(syncGroup, version, syncRequest(groupId, joined, assignments, protocol))
    await a.ask(syncGroup, version, syncRequest(groupId, joined, [], protocol))
  }),
]

export const heartbeatScenarios: readonly Scenario[] = [
  ...everyVersion(heartbeat, 'in every state', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const joined = await join(a, 9, groupId)
    const { memberId, generationId } = joined
    const ask = (change: object = {}) => a.ask(heartbeat, version, { groupId, memberId, generationId, ...change })
    await ask() // the assignment is still to come
    await a.ask(syncGroup, 4, syncRequest(groupId, joined, [{ memberId, assignment: Buffer.from('all') }]))
    await ask()
    await ask({ generationId: generationId + 1 })
    await ask({ generationId: -1 })
    await ask({ memberId: 'nobody' })
    await ask({ memberId: '' })
    await ask({ groupId: t.name('other') })
    await ask({ groupId: '' })
    if (version >= 3) await ask({ groupInstanceId: 'nobody' })
    const b = await t.client('b')
    const second = join(b, 3, groupId)
    await untilState(t, groupId, 'PreparingRebalance', 2)
    await ask()
    await ask({ generationId: generationId + 1 })
    await a.ask(leaveGroup, 5, { groupId, members: [{ memberId }] })
    await second
    await ask()
  }),
]

export const leaveGroupScenarios: readonly Scenario[] = [
  ...everyVersion(leaveGroup, 'a member leaves', async (t, version) => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId, generationId } = await loneMember(t, { speaker: a, groupId })
    const ask = (id: string, group = groupId) =>
      a.ask(leaveGroup, version, { groupId: group, memberId: id, members: [{ memberId: id, reason: 'tired' }] })
    await ask('nobody')
    await ask('')
    await ask(memberId, t.name('other'))
    await ask(memberId, '')
    await ask(memberId)
    await ask(memberId)
    await a.ask(heartbeat, 4, { groupId, generationId, memberId })
  }),
  ...everyVersion(
    leaveGroup,
    'several members, some by instance',
    async (t, version) => {
      const groupId = t.name('g')
      const a = await t.client('a')
      const { memberId } = await loneMember(t, { speaker: a, groupId, groupInstanceId: 'first' })
      const ask = (...members: { memberId: string; groupInstanceId?: string }[]) =>
        a.ask(leaveGroup, version, { groupId, members })
      await ask()
      await ask({ memberId: '', groupInstanceId: 'nobody' })
      await ask({ memberId: 'other', groupInstanceId: 'first' })
      await ask({ memberId, groupInstanceId: 'other' })
      await ask(
        { memberId: 'nobody' },
        { memberId: '', groupInstanceId: 'first' },
        { memberId: '', groupInstanceId: 'first' },
      )
    },
    { since: 3 },
  ),
  once(leaveGroup, 'before the place is taken', async t => {
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId } = await a.ask(joinGroup, 9, joinRequest(groupId))
    await a.ask(leaveGroup, 5, { groupId, members: [{ memberId }] })
    await a.ask(joinGroup, 9, joinRequest(groupId, { memberId }))
  }),
]
