import { deleteGroups, describeGroups, heartbeat, listGroups, offsetCommit, type Response } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, type Scenario } from '../scenario.ts'
import { join, leaveQuietly, loneMember, untilState } from './groups.ts'

/** A group that has committed offsets and never a member. */
async function simpleGroup(t: Conversation, groupId: string): Promise<void> {
  const { name } = await t.topic('a')
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  await t.prepareUntil(
    offsetCommit,
    9,
    { groupId, memberId: '', topics: [{ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions }] },
    ({ topics: [found] }) => found?.partitions[0]?.errorCode === 0,
  )
}

export const describeGroupsScenarios: readonly Scenario[] = [
  ...everyVersion(describeGroups, 'in every state', async (t, version) => {
    const groupId = t.name('g')
    const describe = (...groups: string[]) =>
      t.ask(describeGroups, version, { groups, includeAuthorizedOperations: false })
    await describe(groupId)
    const a = await t.client('a')
    const { memberId } = await join(a, 9, groupId, { groupInstanceId: 'first' })
    await describe(groupId)
    await loneMember(t, { speaker: a, groupId, memberId, groupInstanceId: 'first' })
    await describe(groupId)
    const b = await t.client('b')
    const second = join(b, 3, groupId)
    await untilState(t, groupId, 'PreparingRebalance', 2)
    await describe(groupId)
    await leaveQuietly(t, groupId, memberId)
    const { memberId: other } = await second
    await leaveQuietly(t, groupId, other)
    await describe(groupId)
    await simpleGroup(t, t.name('simple'))
    await describe(t.name('simple'), groupId, t.name('missing'), '')
    await describe(groupId, groupId)
    await describe()
  }),
  ...everyVersion(
    describeGroups,
    'operations that are allowed',
    async (t, version) => {
      await simpleGroup(t, t.name('g'))
      await t.ask(describeGroups, version, {
        groups: [t.name('g'), t.name('missing')],
        includeAuthorizedOperations: true,
      })
    },
    { since: 3 },
  ),
]

export const listGroupsScenarios: readonly Scenario[] = [
  ...everyVersion(listGroups, 'by state and type', async (t, version) => {
    const own = (answer: Response<typeof listGroups>) => ({
      ...answer,
      groups: answer.groups.filter(({ groupId }) => t.isOwn(groupId)),
    })
    const list = (statesFilter: string[] = [], typesFilter: string[] = []) =>
      t.ask(listGroups, version, { statesFilter, typesFilter }, own)
    await list()
    await simpleGroup(t, t.name('simple'))
    const a = await t.client('a')
    await loneMember(t, { speaker: a, groupId: t.name('stable') })
    await join(a, 9, t.name('joined'), { protocolType: 'connect' })
    await list()
    if (version < 4) return
    for (const states of [
      ['Stable'],
      ['Empty', 'Dead'],
      ['stable'],
      ['CompletingRebalance'],
      ['Nonsense'],
      ['Stable', 'Nonsense'],
      [''],
    ]) {
      await list(states)
    }
    if (version < 5) return
    for (const types of [['classic'], ['CLASSIC'], ['consumer'], ['nonsense'], ['classic', 'nonsense'], ['']]) {
      await list([], types)
    }
    await list(['Empty'], ['classic'])
  }),
]

export const deleteGroupsScenarios: readonly Scenario[] = [
  ...everyVersion(deleteGroups, 'with and without members', async (t, version) => {
    const ask = (...groupsNames: string[]) => t.ask(deleteGroups, version, { groupsNames })
    await ask(t.name('missing'), '')
    await ask()
    await simpleGroup(t, t.name('simple'))
    await ask(t.name('simple'), t.name('simple'))
    await ask(t.name('simple'))
    const groupId = t.name('g')
    const a = await t.client('a')
    const { memberId, generationId } = await loneMember(t, { speaker: a, groupId })
    await ask(groupId)
    await leaveQuietly(t, groupId, memberId)
    await ask(groupId, t.name('missing'))
    await a.ask(heartbeat, 4, { groupId, memberId, generationId })
    await t.ask(describeGroups, 5, { groups: [groupId], includeAuthorizedOperations: false })
    await join(a, 9, groupId)
  }),
]
