/**
 * Members of a classic group: they join, the leader assigns, they commit what they were assigned, some leave. Whatever was answered holds
 * in the next life of the broker: who is a member, and in which generation.
 */

import { errorName, heartbeat, joinGroup, leaveGroup, syncGroup } from '@ottla/protocol'
import { commitOffset, isTransient } from './committed-offsets.ts'
import { check, type Ledger, type TopicLedger } from './ledger.ts'
import type { World } from './world.ts'

export const classicGroupId = 'classic-crew'
/** Longer than anything here takes: nobody is expelled for being late. */
const patienceMs = 300_000
const protocolType = 'consumer'
const protocolName = 'round-robin'
const nothing = Buffer.alloc(0)

interface ClassicMember {
  readonly name: string
  memberId: string
  /** -1: not in the group as far as the member knows. */
  generation: number
  /** Its SyncGroup was answered: the group's log has this member. */
  isStored: boolean
  /** It has said that it leaves, and waits for the answer. */
  isLeaving: boolean
  /** `topic id:partition` */
  owned: string[]
}

/** Outlives the server. */
export class ClassicCrew {
  readonly members: ClassicMember[] = ['ann', 'bob', 'cem'].map(name => ({
    name,
    memberId: '',
    generation: -1,
    isStored: false,
    isLeaving: false,
    owned: [],
  }))
  /** The last one in which anybody's SyncGroup was answered. */
  latestGeneration = -1
  /** By generation, what leaders have handed in: a text for each member id. More than one where a leader's request was lost. */
  readonly assignments = new Map<number, Map<string, string>[]>()
  /** Have left since the last generation. Only that is stored: loaded anew, the group has them again until they time out. */
  #former: string[] = []
  stepsLeft = 0
  joining = 0

  /** All members go on until their steps are used up and nobody waits for the others. */
  async work(world: World, ledger: Ledger, steps: number): Promise<void> {
    this.stepsLeft = steps
    this.joining = 0
    await Promise.all(this.members.map(member => this.#live(world, ledger, member)))
  }

  /** In place of the time-out. */
  async #leaveAgain(world: World): Promise<void> {
    const members = this.#former.map(memberId => ({ memberId }))
    await world.call('former members', leaveGroup, () => ({ groupId: classicGroupId, members }), { from: 3 })
  }

  async #live(world: World, ledger: Ledger, member: ClassicMember): Promise<void> {
    const { random } = world
    // A member that has been in the group joins with the others, even if it has nothing more to do.
    while (this.stepsLeft-- > 0 || this.joining > 0) {
      await world.sleep(random.below(40))
      if (member.isLeaving) {
        await this.#leave(world, member)
        continue
      }
      if (member.generation < 0) {
        if (this.stepsLeft <= 0 && this.joining === 0) continue
        await this.#join(world, ledger, member)
        continue
      }
      switch (random.weighted({ heartbeat: 5, commit: 4, leave: 1 })) {
        case 'heartbeat':
          await this.#heartbeat(world, member)
          break
        case 'commit':
          await this.#commit(world, ledger, member)
          break
        case 'leave':
          if (random.chance(0.3)) await this.#leave(world, member)
      }
    }
  }

  async #join(world: World, ledger: Ledger, member: ClassicMember): Promise<void> {
    this.joining++
    try {
      // Whenever the groups are loaded they may be back.
      if (this.#former.length > 0) await this.#leaveAgain(world)
      const joined = await world.call(member.name, joinGroup, () => ({
        groupId: classicGroupId,
        sessionTimeoutMs: patienceMs,
        rebalanceTimeoutMs: patienceMs,
        memberId: member.memberId,
        protocolType,
        protocols: [{ name: protocolName, metadata: Buffer.from(member.name) }],
      }))
      const error = errorName(joined.errorCode)
      world.note(`${member.name} joins: ${error} generation ${joined.generationId} as ${joined.memberId}`)
      if (error === 'MEMBER_ID_REQUIRED') member.memberId = joined.memberId
      if (error !== 'NONE') return this.#refused(member, error)
      member.memberId = joined.memberId
      const assignments = joined.leader === member.memberId ? this.#assign(ledger, joined) : []
      await this.#sync(world, member, joined.generationId, assignments)
    } finally {
      this.joining--
    }
  }

  #assign(ledger: Ledger, joined: { generationId: number; members: { memberId: string }[] }) {
    const partitions = lastingTopics(ledger).flatMap(topic =>
      Array.from({ length: topic.partitionCount.possible[0]! }, (_, partition) => `${topic.id}:${partition}`),
    )
    const { members, generationId } = joined
    const texts = new Map(
      members.map(({ memberId }, i) => [memberId, partitions.filter((_, n) => n % members.length === i).join(' ')]),
    )
    const known = this.assignments.get(generationId) ?? []
    this.assignments.set(generationId, [...known, texts])
    return [...texts].map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) }))
  }

  async #sync(
    world: World,
    member: ClassicMember,
    generationId: number,
    assignments: { memberId: string; assignment: Buffer }[],
  ): Promise<void> {
    const { memberId, name } = member
    const synced = await world.call(name, syncGroup, () => ({
      groupId: classicGroupId,
      generationId,
      memberId,
      protocolType,
      protocolName,
      assignments,
    }))
    const error = errorName(synced.errorCode)
    const text = (synced.assignment ?? nothing).toString()
    world.note(`${name} syncs in generation ${generationId}: ${error} ${text}`)
    if (error !== 'NONE') return this.#refused(member, error)
    check(
      generationId >= this.latestGeneration,
      () => `${name} was given generation ${generationId} after somebody had generation ${this.latestGeneration}`,
    )
    check(
      this.assignments.get(generationId)?.some(texts => texts.get(memberId) === text) ?? false,
      () => `${name} was assigned ${text} in generation ${generationId}, which no leader has handed in`,
    )
    if (generationId > this.latestGeneration) this.#former = []
    this.latestGeneration = generationId
    member.generation = generationId
    member.isStored = true
    member.owned = text.split(' ').filter(partition => partition !== '')
  }

  async #heartbeat(world: World, member: ClassicMember): Promise<void> {
    const { generation, memberId, name } = member
    const answer = await world.call(name, heartbeat, () => ({
      groupId: classicGroupId,
      generationId: generation,
      memberId,
    }))
    const error = errorName(answer.errorCode)
    if (error !== 'NONE') this.#refused(member, error)
  }

  async #commit(world: World, ledger: Ledger, member: ClassicMember): Promise<void> {
    const { memberId, owned } = member
    // Now and then a thread of it comes too late, with what it read in the generation before.
    const isLate = member.generation > 1 && world.random.chance(0.2)
    const generation = member.generation - (isLate ? 1 : 0)
    const label = owned.length === 0 ? undefined : world.random.pick(owned)
    const topic = lastingTopics(ledger).find(({ id }) => id === label?.split(':')[0])
    if (!label || !topic) return
    const isZombie = generation < this.latestGeneration
    const partition = Number(label.split(':')[1])
    const error = await commitOffset(world, ledger, {
      groupId: classicGroupId,
      topic,
      partition,
      member: { memberId, generation, protocol: 'classic' },
    })
    check(
      !isZombie || error !== 'NONE',
      () => `${member.name} committed in generation ${generation}, though generation ${this.latestGeneration} is there`,
    )
    if (error !== null && error !== 'NONE' && !isLate) this.#refused(member, error)
  }

  async #leave(world: World, member: ClassicMember): Promise<void> {
    const { memberId, name } = member
    member.isLeaving = true
    const answer = await world.call(name, leaveGroup, () => ({
      groupId: classicGroupId,
      memberId,
      members: [{ memberId }],
    }))
    const error = errorName(answer.errorCode)
    world.note(`${name} leaves: ${error}`)
    if (isTransient.has(error)) return
    this.#former.push(memberId)
    Object.assign(member, { memberId: '', generation: -1, isStored: false, isLeaving: false, owned: [] })
  }

  #refused(member: ClassicMember, error: string): void {
    if (isTransient.has(error) || error === 'MEMBER_ID_REQUIRED') return
    if (error === 'UNKNOWN_MEMBER_ID') {
      check(
        !member.isStored,
        () => `${member.name} (${member.memberId}) is not known, though it was given a generation`,
      )
      member.memberId = ''
    } else {
      const isExpected = error === 'REBALANCE_IN_PROGRESS' || error === 'ILLEGAL_GENERATION'
      check(isExpected, () => `${member.name} was answered ${error}`)
    }
    member.generation = -1
  }
}

function lastingTopics(ledger: Ledger): TopicLedger[] {
  return ledger.present().filter(topic => !topic.isVolatile)
}
