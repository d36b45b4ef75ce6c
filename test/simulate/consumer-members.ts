/**
 * Members of a consumer group (KIP-848): the broker assigns. At no time do two of them own one partition, whatever crashes lie between;
 * whoever was let in is still a member in the next life of the broker; an epoch never goes back.
 */

import { consumerGroupHeartbeat, errorName } from '@ottla/protocol'
import { commitOffset, isTransient } from './committed-offsets.ts'
import { check, type Ledger, type TopicLedger } from './ledger.ts'
import type { World } from './world.ts'

export const consumerGroupId = 'consumer-crew'
const rebalanceTimeoutMs = 300_000
const leavesGroup = -1

interface ConsumerMember {
  readonly name: string
  memberId: string
  /** 0: not in the group as far as the member knows. */
  epoch: number
  /** An answer to this member was lost: what it says of itself may be outdated. */
  isUncertain: boolean
  /** It has said that it leaves, and waits for the answer. */
  isLeaving: boolean
  /** `topic id:partition` */
  owned: Set<string>
}

/** Outlives the server. */
export class ConsumerCrew {
  readonly members: ConsumerMember[] = ['dee', 'eli', 'fay'].map(name => ({
    name,
    memberId: '',
    epoch: 0,
    isUncertain: false,
    isLeaving: false,
    owned: new Set<string>(),
  }))

  async work(world: World, ledger: Ledger, steps: number): Promise<void> {
    await Promise.all(
      this.members.map(async member => {
        const { random } = world
        for (let i = 0; i < steps; i++) {
          await world.sleep(random.below(40))
          if (member.isLeaving) await this.#leave(world, member)
          else if (member.epoch > 0 && random.chance(0.3)) await this.#commit(world, ledger, member)
          else if (member.epoch > 0 && random.chance(0.05)) await this.#leave(world, member)
          else await this.#heartbeat(world, ledger, member)
        }
      }),
    )
  }

  async #heartbeat(world: World, ledger: Ledger, member: ConsumerMember): Promise<void> {
    const { name, epoch, owned } = member
    if (member.memberId === '') member.memberId = world.random.bytes(16).toString('base64url')
    const { memberId } = member
    const wasUncertain = member.isUncertain
    member.isUncertain = true
    const answer = await world.call(name, consumerGroupHeartbeat, () => ({
      groupId: consumerGroupId,
      memberId,
      memberEpoch: epoch,
      rebalanceTimeoutMs,
      subscribedTopicNames: lastingTopics(ledger).map(topic => topic.name),
      topicPartitions: epoch === 0 ? [] : asTopicPartitions(owned),
    }))
    const error = errorName(answer.errorCode)
    if (isTransient.has(error)) return // what was to be stored may be there all the same
    member.isUncertain = false
    if (error === 'FENCED_MEMBER_EPOCH' || error === 'UNKNOWN_MEMBER_ID') {
      world.note(`${name} in epoch ${epoch} is answered ${error}`)
      check(wasUncertain, () => `${name} (${memberId}) is answered ${error} though it was given epoch ${epoch}`)
      member.epoch = 0
      owned.clear()
      return
    }
    check(error === 'NONE', () => `${name} is answered ${error}: ${answer.errorMessage}`)
    check(
      answer.memberEpoch >= epoch && answer.memberEpoch > 0,
      () => `the epoch of ${name} went from ${epoch} to ${answer.memberEpoch}`,
    )
    member.epoch = answer.memberEpoch
    if (answer.assignment === null) return
    const assigned = answer.assignment.topicPartitions.flatMap(({ topicId, partitions }) =>
      partitions.map(partition => `${topicId}:${partition}`),
    )
    world.note(`${name} in epoch ${member.epoch} is assigned ${assigned.join(' ')}`)
    for (const partition of assigned) {
      const other = this.members.find(other => other !== member && other.owned.has(partition))
      check(other === undefined, () => `${name} is assigned ${partition}, which ${other!.name} owns`)
    }
    member.owned = new Set(assigned)
  }

  async #commit(world: World, ledger: Ledger, member: ConsumerMember): Promise<void> {
    const { memberId, epoch, owned, name } = member
    const label = owned.size === 0 ? undefined : world.random.pick([...owned])
    const topic = lastingTopics(ledger).find(({ id }) => id === label?.split(':')[0])
    if (!label || !topic) return
    const error = await commitOffset(world, ledger, {
      groupId: consumerGroupId,
      topic,
      partition: Number(label.split(':')[1]),
      member: { memberId, generation: epoch, protocol: 'consumer' },
    })
    const isMember = error !== 'UNKNOWN_MEMBER_ID' || member.isUncertain
    check(isMember, () => `${name} (${memberId}) is not known, though it was given epoch ${epoch}`)
  }

  async #leave(world: World, member: ConsumerMember): Promise<void> {
    const { memberId, name } = member
    member.isLeaving = true
    member.owned.clear()
    const answer = await world.call(name, consumerGroupHeartbeat, () => ({
      groupId: consumerGroupId,
      memberId,
      memberEpoch: leavesGroup,
    }))
    const error = errorName(answer.errorCode)
    world.note(`${name} leaves: ${error}`)
    if (isTransient.has(error)) return
    // Whoever comes back is a new process with another id.
    Object.assign(member, { memberId: '', epoch: 0, isUncertain: false, isLeaving: false })
  }
}

function asTopicPartitions(owned: ReadonlySet<string>): { topicId: string; partitions: number[] }[] {
  const byTopic = new Map<string, number[]>()
  for (const label of owned) {
    const [topicId, partition] = label.split(':') as [string, string]
    byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), Number(partition)])
  }
  return [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions }))
}

function lastingTopics(ledger: Ledger): TopicLedger[] {
  return ledger.present().filter(topic => !topic.isVolatile)
}
