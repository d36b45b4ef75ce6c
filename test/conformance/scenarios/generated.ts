/**
 * Scenarios that nobody thought of: random sequences of valid and nearly valid requests over a small world of topics, groups
 * and producers. A seed gives the same sequence each time, so some are recorded with the hand-written ones; more are tried
 * by `npm run conformance -- --random RUNS [--seed SEED]`, which shrinks what differs.
 *
 * Longer than other files since it is one table: each kind of step, how it is drawn and how it is sent.
 */
import {
  type AnyApi,
  apis,
  createPartitions,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeGroups,
  fetch,
  heartbeat,
  joinGroup,
  leaveGroup,
  listOffsets,
  metadata,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  offsetForLeaderEpoch,
  produce,
  syncGroup,
} from '@ottla/protocol'
import fc from 'fast-check'
import type { Conversation } from '../conversation.ts'
import type { Scenario } from '../scenario.ts'
import { joinRequest, syncRequest } from './groups.ts'
import {
  batch,
  fetchRequest,
  firstTimestamp,
  noId,
  produceRequest,
  strangeId,
  type TopicReference,
} from './requests.ts'
import { withoutConfigs } from './topics.ts'

/** A static member's `group.instance.id`; of versions that have none it is left out. */
type Instance = 'first' | 'second' | null

/** One request, as plain data: what it names is looked up when it is sent. */
type Step =
  | { do: 'produce'; version: number; topic: number; partition: number; acks: number; count: number; codec: number }
  | {
      do: 'produce in sequence'
      version: number
      topic: number
      producer: number
      epoch: number
      sequence: number
      count: number
    }
  | { do: 'fetch'; version: number; topic: number; partition: number; offset: number; maxBytes: number; epoch: number }
  | { do: 'list offsets'; version: number; topic: number; partition: number; timestamp: number }
  | { do: 'delete records'; version: number; topic: number; partition: number; offset: number }
  | { do: 'offset for leader epoch'; version: number; topic: number; epoch: number }
  | { do: 'metadata'; version: number; topic: number }
  | { do: 'create topic'; version: number; topic: number; partitions: number; replicas: number; validateOnly: boolean }
  | { do: 'create partitions'; version: number; topic: number; count: number }
  | { do: 'delete topic'; version: number; topic: number }
  | { do: 'join'; version: number; group: number; as: 'new' | 'known' | 'nobody'; protocol: number; instance: Instance }
  | { do: 'sync'; version: number; group: number; generation: number; instance: Instance }
  | { do: 'heartbeat'; version: number; group: number; generation: number; member: boolean; instance: Instance }
  | { do: 'leave'; version: number; group: number; member: boolean; instance: Instance }
  | {
      do: 'commit'
      version: number
      group: number
      topic: number
      partition: number
      offset: number
      asMember: boolean
      instance: Instance
    }
  | { do: 'read offsets'; version: number; group: number; topic: number; all: boolean }
  | { do: 'delete offsets'; version: number; group: number; topic: number }
  | { do: 'describe group'; version: number; group: number }
  | { do: 'delete group'; version: number; group: number }

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const protocols = ['range', 'sticky']
/** Topics 0 and 1 are there from the start, the third comes and goes, the fourth never is. */
const topicNames = ['first', 'second', 'third', 'never']

/** JoinGroup before version 1 can't say how long a rebalance may take, and waits for a whole session. */
const versionOf = (api: AnyApi) =>
  fc.integer({ min: api === joinGroup ? 1 : api.versions.lowest, max: api.versions.highestStable })
const topic = fc.nat(topicNames.length - 1)
const partition = fc.constantFrom(0, 0, 0, 1, 2, -1)
const group = fc.nat(1)
const epoch = fc.constantFrom(-1, -1, 0, 1)
const instance = fc.constantFrom<Instance[]>(null, null, 'first', 'first', 'second')

/** `name` is the step's, the rest its fields. */
function step<N extends Step['do']>(
  name: N,
  api: AnyApi,
  fields: {
    [F in Exclude<keyof Extract<Step, { do: N }>, 'do' | 'version'>]: fc.Arbitrary<Extract<Step, { do: N }>[F]>
  },
): fc.Arbitrary<Step> {
  const record = fc.record({
    do: fc.constant(name),
    version: versionOf(api),
    ...(fields as Record<string, fc.Arbitrary<unknown>>),
  })
  return record as unknown as fc.Arbitrary<Step>
}

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  step('produce', produce, {
    topic,
    partition,
    acks: fc.constantFrom(-1, 1, 1, 7),
    count: fc.integer({ min: 1, max: 3 }),
    codec: fc.nat(codecs.length - 1),
  }),
  step('produce in sequence', produce, {
    topic: fc.nat(1),
    producer: fc.nat(1),
    epoch: fc.nat(2),
    sequence: fc.nat(6),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  step('fetch', fetch, {
    topic,
    partition,
    offset: fc.integer({ min: -1, max: 12 }),
    maxBytes: fc.constantFrom(0, 100, 100_000),
    epoch,
  }),
  step('list offsets', listOffsets, {
    topic,
    partition,
    timestamp: fc.constantFrom(-1, -2, -3, -4, -5, firstTimestamp, firstTimestamp + 1_500),
  }),
  step('delete records', deleteRecords, { topic, partition, offset: fc.integer({ min: -1, max: 8 }) }),
  step('offset for leader epoch', offsetForLeaderEpoch, { topic, epoch }),
  step('metadata', metadata, { topic: fc.nat(1) }),
  step('create topic', createTopics, {
    topic: fc.nat(2),
    partitions: fc.integer({ min: -1, max: 3 }),
    replicas: fc.integer({ min: -1, max: 2 }),
    validateOnly: fc.boolean(),
  }),
  step('create partitions', createPartitions, { topic, count: fc.integer({ min: 0, max: 4 }) }),
  step('delete topic', deleteTopics, { topic: fc.constantFrom(2, 3) }),
  step('join', joinGroup, {
    group,
    as: fc.constantFrom('new', 'known', 'known', 'nobody'),
    protocol: fc.nat(1),
    instance,
  }),
  step('sync', syncGroup, { group, generation: fc.constantFrom(0, 0, 1, -1), instance }),
  step('heartbeat', heartbeat, { group, generation: fc.constantFrom(0, 0, 1, -1), member: fc.boolean(), instance }),
  step('leave', leaveGroup, { group, member: fc.boolean(), instance }),
  step('commit', offsetCommit, {
    group,
    topic,
    partition,
    offset: fc.integer({ min: -1, max: 9 }),
    asMember: fc.boolean(),
    instance,
  }),
  step('read offsets', offsetFetch, { group, topic, all: fc.boolean() }),
  step('delete offsets', offsetDelete, { group, topic }),
  step('describe group', describeGroups, { group }),
  step('delete group', deleteGroups, { group }),
)

export const anySequence: fc.Arbitrary<Step[]> = fc.array(anyStep, { minLength: 1, maxLength: 40, size: 'max' })

const RECORDED_SEQUENCES = 60
const RECORDED_SEED = 20_261_124

/** Those that are recorded. */
export const generatedScenarios: readonly Scenario[] = fc
  .sample(anySequence, { numRuns: RECORDED_SEQUENCES, seed: RECORDED_SEED })
  .map((steps, index) => asScenario(`sequence ${index}`, steps))

export function asScenario(title: string, steps: readonly Step[]): Scenario {
  const api = apis.get(metadata.key)!
  return {
    api,
    version: api.versions.highestStable,
    name: `Generated: ${title}`,
    file: 'Generated',
    run: t => play(t, steps),
  }
}

/** What the requests before have brought about, as far as later ones name it. */
class World {
  readonly t: Conversation
  readonly topics = new Map<number, TopicReference>()
  readonly members = new Map<number, { memberId: string; generationId: number }>()

  constructor(t: Conversation) {
    this.t = t
  }

  topic(index: number): TopicReference {
    return this.topics.get(index) ?? { name: this.t.name(topicNames[index]!), id: strangeId }
  }

  group(index: number): string {
    return this.t.name(`group-${index}`)
  }

  member(group: number): { memberId: string; generationId: number } {
    return this.members.get(group) ?? { memberId: 'nobody', generationId: 1 }
  }
}

async function play(t: Conversation, steps: readonly Step[]): Promise<void> {
  const world = new World(t)
  world.topics.set(0, await t.topic(topicNames[0]!, { partitions: 1 }))
  world.topics.set(1, await t.topic(topicNames[1]!, { partitions: 2 }))
  for (const step of steps) await take(world, step)
}

async function take(world: World, step: Step): Promise<void> {
  const { t } = world
  switch (step.do) {
    case 'produce': {
      const values = Array.from({ length: step.count }, (_, index) => `value ${index}`)
      const records = batch(values, { compression: codecs[step.codec]! })
      const { acks, partition } = step
      await t.ask(produce, step.version, produceRequest(world.topic(step.topic), records, { acks, partition }))
      return
    }
    case 'produce in sequence': {
      const values = Array.from({ length: step.count }, (_, index) => `in sequence ${index}`)
      const options = { producerId: 7_000 + step.producer, producerEpoch: step.epoch, baseSequence: step.sequence }
      await t.ask(produce, step.version, produceRequest(world.topic(step.topic), batch(values, options)))
      return
    }
    case 'fetch': {
      const { partition, offset, maxBytes, epoch: leaderEpoch } = step
      const wanted = { topic: world.topic(step.topic), partition, offset, maxBytes, leaderEpoch }
      await t.ask(fetch, step.version, fetchRequest([wanted]))
      return
    }
    case 'list offsets': {
      const partitions = [{ partitionIndex: step.partition, timestamp: step.timestamp }]
      await t.ask(listOffsets, step.version, {
        replicaId: -1,
        topics: [{ name: world.topic(step.topic).name, partitions }],
      })
      return
    }
    case 'delete records': {
      const partitions = [{ partitionIndex: step.partition, offset: step.offset }]
      const topics = [{ name: world.topic(step.topic).name, partitions }]
      await t.ask(deleteRecords, step.version, { topics, timeoutMs: 10_000 })
      return
    }
    case 'offset for leader epoch': {
      const partitions = [{ partition: 0, leaderEpoch: step.epoch }]
      await t.ask(offsetForLeaderEpoch, step.version, {
        replicaId: -1,
        topics: [{ topic: world.topic(step.topic).name, partitions }],
      })
      return
    }
    case 'metadata': {
      const { name } = world.topic(step.topic)
      await t.ask(metadata, step.version, { topics: [{ name, topicId: noId }], allowAutoTopicCreation: false })
      return
    }
    case 'create topic':
    case 'create partitions':
    case 'delete topic':
      return takeTopicStep(world, step)
    default:
      return takeGroupStep(world, step)
  }
}

type TopicStep = Extract<Step, { do: 'create topic' | 'create partitions' | 'delete topic' }>

/** Apache Kafka's broker hears of such a change a moment after the answer: the next step waits for it. */
async function takeTopicStep(world: World, step: TopicStep): Promise<void> {
  const { t } = world
  const { name } = world.topic(step.topic)
  if (step.do === 'create topic') {
    const topic = {
      name,
      numPartitions: step.partitions,
      replicationFactor: step.replicas,
      assignments: [],
      configs: [],
    }
    const request = { topics: [topic], timeoutMs: 20_000, validateOnly: step.validateOnly }
    const answer = await t.ask(createTopics, step.version, request, withoutConfigs)
    if (answer.topics[0]?.errorCode !== 0 || step.validateOnly) return
    const partitions = Math.abs(step.partitions) // num.partitions is 1
    await t.untilServed(name, partitions)
    const { topics } = await t.prepare(metadata, 12, {
      topics: [{ name, topicId: noId }],
      allowAutoTopicCreation: false,
    })
    world.topics.set(step.topic, { name, id: topics[0]!.topicId })
  } else if (step.do === 'create partitions') {
    const topics = [{ name, count: step.count, assignments: null }]
    const answer = await t.ask(createPartitions, step.version, { topics, timeoutMs: 20_000, validateOnly: false })
    if (answer.results[0]?.errorCode === 0) await t.untilServed(name, step.count)
  } else {
    const request = { topicNames: [name], topics: [{ name, topicId: noId }], timeoutMs: 20_000 }
    const answer = await t.ask(deleteTopics, step.version, request)
    if (answer.responses[0]?.errorCode === 0) await t.untilGone(name)
  }
}

type GroupStep = Exclude<
  Step,
  | TopicStep
  | {
      do:
        | 'produce'
        | 'produce in sequence'
        | 'fetch'
        | 'list offsets'
        | 'delete records'
        | 'offset for leader epoch'
        | 'metadata'
    }
>

async function takeGroupStep(world: World, step: GroupStep): Promise<void> {
  const { t } = world
  const groupId = world.group(step.group)
  const known = world.member(step.group)
  switch (step.do) {
    case 'join': {
      const memberId = { new: '', known: known.memberId, nobody: 'nobody' }[step.as]
      const protocolsOfMember = [{ name: protocols[step.protocol]!, metadata: Buffer.from('subscription') }]
      // Short, since a member that was joined before does not come back while another one joins.
      const request = joinRequest(groupId, {
        ...{ memberId, protocols: protocolsOfMember, rebalanceTimeoutMs: 500 },
        ...(step.version >= 5 && { groupInstanceId: step.instance }),
      })
      const answer = await t.ask(joinGroup, step.version, request)
      if (answer.memberId === '' || answer.memberId === 'nobody') return
      world.members.set(step.group, answer)
      if (answer.errorCode !== 0) return
      // At once: who is slow to ask for the assignment is put out of the group.
      const assignments = [{ memberId: answer.memberId, assignment: Buffer.from('all of it') }]
      const options = step.version >= 5 ? { groupInstanceId: step.instance } : {}
      await t.ask(syncGroup, 4, syncRequest(groupId, answer, assignments, options))
      return
    }
    case 'sync': {
      const at = { ...known, generationId: known.generationId + step.generation }
      const assignments = [{ memberId: known.memberId, assignment: Buffer.from('all of it') }]
      const request = syncRequest(groupId, at, assignments, {
        ...{ protocolType: 'consumer', protocolName: protocols[0]! },
        ...(step.version >= 3 && { groupInstanceId: step.instance }),
      })
      await t.ask(syncGroup, step.version, request)
      return
    }
    case 'heartbeat': {
      const memberId = step.member ? known.memberId : 'nobody'
      await t.ask(heartbeat, step.version, {
        ...{ groupId, memberId, generationId: known.generationId + step.generation },
        ...(step.version >= 3 && { groupInstanceId: step.instance }),
      })
      return
    }
    case 'leave': {
      const memberId = step.member ? known.memberId : 'nobody'
      const byInstance = { memberId: '', groupInstanceId: step.instance }
      const members = [step.instance === null ? { memberId } : byInstance]
      await t.ask(leaveGroup, step.version, { groupId, memberId, members })
      return
    }
    case 'commit': {
      const { name, id } = world.topic(step.topic)
      const partitions = [{ partitionIndex: step.partition, committedOffset: step.offset, committedMetadata: 'note' }]
      await t.ask(offsetCommit, step.version, {
        groupId,
        memberId: step.asMember ? known.memberId : '',
        generationIdOrMemberEpoch: step.asMember ? known.generationId : -1,
        ...(step.version >= 7 && step.asMember && { groupInstanceId: step.instance }),
        topics: [{ topicId: id, name, partitions }],
      })
      return
    }
    case 'read offsets': {
      const { name, id } = world.topic(step.topic)
      const named = [{ topicId: id, name, partitionIndexes: [0, 1] }]
      const topics = step.all && step.version >= 2 ? null : named
      await t.ask(offsetFetch, step.version, { groupId, topics, groups: [{ groupId, topics }] })
      return
    }
    case 'delete offsets': {
      const topics = [{ name: world.topic(step.topic).name, partitions: [{ partitionIndex: 0 }] }]
      await t.ask(offsetDelete, step.version, { groupId, topics })
      return
    }
    case 'describe group':
      await t.ask(describeGroups, step.version, { groups: [groupId], includeAuthorizedOperations: false })
      return
    case 'delete group':
      await t.ask(deleteGroups, step.version, { groupsNames: [groupId] })
      return
  }
}
