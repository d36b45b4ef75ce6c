import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  consumerGroupHeartbeat,
  describeProducers,
  describeTransactions,
  endTxn,
  fetch,
  findCoordinator,
  initProducerId,
  listOffsets,
  listTransactions,
  offsetFetch,
  produce,
  type RequestInput,
  txnOffsetCommit,
  writeTxnMarkers,
} from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { alone, everyVersion, type Scenario } from '../scenario.ts'
import { loneMember } from './groups.ts'
import { fetchRequest, noId, produceRequest, strangeId, type TopicReference } from './requests.ts'
import { addRequest, Transactional, timeoutMs, txnCommitRequest, wrongClaims } from './transactional.ts'

const readCommitted = 1

/** What a `read_committed` consumer is given. */
async function readStable(t: Conversation, topic: TopicReference): Promise<void> {
  await t.ask(fetch, 12, fetchRequest([{ topic }], { isolationLevel: readCommitted }))
}

async function seeOffsets(
  t: Conversation,
  groupId: string,
  topic: TopicReference,
  requireStable = true,
): Promise<void> {
  const topics = [{ topicId: topic.id, name: topic.name, partitionIndexes: [0, 1] }]
  await t.ask(offsetFetch, 8, { groups: [{ groupId, topics }], requireStable })
}

export const transactionCoordinatorScenarios: readonly Scenario[] = [
  ...everyVersion(
    findCoordinator,
    'of transactions',
    async (t, version) => {
      const ask = (...keys: string[]) =>
        t.ask(findCoordinator, version, { keyType: 1, coordinatorKeys: keys, key: keys[0] ?? '' })
      await ask(t.name('a'))
      await ask(t.name('a'), t.name('b'))
      await ask('')
    },
    { since: 1 },
  ),
]

export const transactionalProducerScenarios: readonly Scenario[] = [
  ...everyVersion(initProducerId, 'a transactional producer', async (t, version) => {
    const transactionalId = t.name('tx')
    const ask = (body: Partial<RequestInput<typeof initProducerId>> = {}) =>
      t.ask(initProducerId, version, { transactionalId, transactionTimeoutMs: timeoutMs, ...body })
    for (const transactionTimeoutMs of [0, -1, 900_001, 0x7fffffff]) await ask({ transactionTimeoutMs })
    await ask({ transactionalId: '' })
    const { producerId } = await ask({ transactionTimeoutMs: 900_000 })
    await ask()
    if (version < 3) return
    await ask({ producerId, producerEpoch: 1 })
    await ask({ producerId, producerEpoch: 1 })
    await ask({ producerId, producerEpoch: 0 })
    await ask({ producerId, producerEpoch: 9 })
    await ask({ producerId: 5_000_000, producerEpoch: 2 })
    await ask({ producerId })
    await ask({ producerEpoch: 2 })
    await ask()
    await ask({ producerId, producerEpoch: 2 })
    await ask({ transactionalId: t.name('new'), producerId: 5_000_000, producerEpoch: 7 })
  }),
  ...everyVersion(initProducerId, 'while a transaction is open', async (t, version) => {
    const topic = await t.topic('a')
    const producer = await Transactional.start(t)
    await producer.add(topic)
    await producer.send(topic, ['a'])
    const { transactionalId } = producer
    await t.ask(initProducerId, version, { transactionalId, transactionTimeoutMs: timeoutMs })
    await producer.untilComplete()
    await t.ask(describeTransactions, 0, { transactionalIds: [transactionalId] })
    await t.ask(initProducerId, version, { transactionalId, transactionTimeoutMs: timeoutMs })
    await producer.send(topic, ['late'], { baseSequence: 1 })
    await producer.end(true)
    await readStable(t, topic)
  }),
]

export const addPartitionsToTxnScenarios: readonly Scenario[] = [
  ...everyVersion(addPartitionsToTxn, 'partitions that are there, and that are not', async (t, version) => {
    const a = await t.topic('a', { partitions: 2 })
    const b = await t.topic('b')
    const missing = { name: t.name('missing') }
    const producer = await Transactional.start(t)
    const ask = (...named: Parameters<typeof addRequest>[1]) =>
      t.ask(addPartitionsToTxn, version, addRequest(producer.claim, named))
    await ask({ topic: a, partitions: [0] })
    await ask({ topic: a, partitions: [0] })
    await ask({ topic: a, partitions: [1, 0] }, { topic: b, partitions: [0] })
    await ask({ topic: missing, partitions: [0] })
    await ask({ topic: a, partitions: [0, 2] }, { topic: missing, partitions: [0, 1] }, { topic: b, partitions: [0] })
    await ask({ topic: a, partitions: [-1] })
    await ask({ topic: a, partitions: [] })
    await ask()
    await t.ask(describeTransactions, 0, { transactionalIds: [producer.transactionalId] })
    await producer.end(false)
    await ask({ topic: b, partitions: [0] })
    await t.ask(describeTransactions, 0, { transactionalIds: [producer.transactionalId] })
    await producer.end(true)
  }),
  ...everyVersion(addPartitionsToTxn, 'of a producer that is not the one', async (t, version) => {
    const topic = await t.topic('a')
    const producer = await Transactional.start(t)
    for (let round = 0; round < 2; round++) {
      for (const claim of wrongClaims(t, producer)) {
        await t.ask(addPartitionsToTxn, version, addRequest(claim, [{ topic, partitions: [0] }]))
      }
      await producer.add(topic)
    }
    await producer.end(true)
  }),
  ...everyVersion(
    addPartitionsToTxn,
    'whether partitions are in a transaction',
    async (t, version) => {
      const topic = await t.topic('a', { partitions: 2 })
      const producer = await Transactional.start(t)
      const verify = async () => {
        for (const claim of [producer.claim, ...wrongClaims(t, producer)]) {
          const request = addRequest(claim, [{ topic, partitions: [0, 1] }], { verifyOnly: true })
          await t.ask(addPartitionsToTxn, version, request)
        }
        const unknown = addRequest(producer, [{ topic, partitions: [0, 7] }], { verifyOnly: true })
        await t.ask(addPartitionsToTxn, version, unknown)
      }
      await verify()
      await producer.add(topic, 1)
      await verify()
      await producer.end(true)
      await verify()
    },
    { since: 4 },
  ),
  ...everyVersion(
    addPartitionsToTxn,
    'several transactions at once',
    async (t, version) => {
      const topic = await t.topic('a')
      const [one, two] = [await Transactional.start(t, 'one'), await Transactional.start(t, 'two')]
      const partitions = [{ topic, partitions: [0] }]
      const transactions = [
        { ...one.claim, producerEpoch: 7 },
        two.claim,
        { ...one.claim, transactionalId: t.name('x') },
      ].flatMap(claim => addRequest(claim, partitions).transactions!)
      await t.ask(addPartitionsToTxn, version, { transactions })
      await two.end(true)
    },
    { since: 4 },
  ),
]

export const addOffsetsToTxnScenarios: readonly Scenario[] = everyVersion(
  addOffsetsToTxn,
  'of groups that are there or not',
  async (t, version) => {
    const producer = await Transactional.start(t)
    const ask = (groupId: string, claim = producer.claim) => t.ask(addOffsetsToTxn, version, { ...claim, groupId })
    for (const claim of wrongClaims(t, producer)) await ask(t.name('g'), claim)
    await ask(t.name('g'))
    await ask(t.name('g'))
    await ask('')
    await t.ask(describeTransactions, 0, { transactionalIds: [producer.transactionalId] })
    for (const claim of wrongClaims(t, producer)) await ask(t.name('g'), claim)
    await producer.end(true)
    await ask(t.name('g'))
    await producer.end(false)
  },
)

export const endTxnScenarios: readonly Scenario[] = [
  ...everyVersion(endTxn, 'in every state', async (t, version) => {
    const topic = await t.topic('a')
    const producer = await Transactional.start(t)
    const ask = async (committed: boolean, claim = producer.claim) => {
      await t.ask(endTxn, version, { ...claim, committed })
      await producer.untilComplete()
    }
    // In state Empty: nothing has begun.
    await ask(true)
    for (const committed of [true, false]) {
      const before = producer.claim
      await producer.add(topic)
      await producer.end(committed, version)
      // The same again, as after an answer that was lost, and the contrary.
      for (const again of [committed, !committed]) await ask(again, before)
      // With what it goes on with, nothing has begun.
      await ask(true)
      await producer.end(!committed, version)
      await ask(true, before)
    }
    await readStable(t, topic)
  }),
  ...everyVersion(endTxn, 'of a transaction that took too long', async (t, version) => {
    const topic = await t.topic('a')
    for (const committed of [true, false]) {
      const producer = await Transactional.start(t, `tx-${committed}`, 1_000)
      await producer.add(topic)
      await producer.send(topic, ['a'])
      await producer.untilTimedOut()
      await producer.add(topic)
      await t.ask(endTxn, version, { ...producer.claim, committed })
      await t.ask(endTxn, version, { ...producer.claim, producerEpoch: producer.producerEpoch + 1, committed })
      await producer.untilComplete()
      await t.ask(describeTransactions, 0, { transactionalIds: [producer.transactionalId] })
    }
    await readStable(t, topic)
  }),
  ...everyVersion(endTxn, 'of a producer that is not the one', async (t, version) => {
    const topic = await t.topic('a')
    const producer = await Transactional.start(t)
    for (const claim of wrongClaims(t, producer)) {
      for (const committed of [true, false]) await t.ask(endTxn, version, { ...claim, committed })
    }
    await producer.add(topic)
    for (const claim of wrongClaims(t, producer)) {
      for (const committed of [true, false]) await t.ask(endTxn, version, { ...claim, committed })
    }
    await producer.end(true, version)
    for (const claim of wrongClaims(t, producer).slice(2)) {
      await t.ask(endTxn, version, { ...claim, committed: true })
      await producer.untilComplete()
    }
  }),
]

export const writeTxnMarkersScenarios: readonly Scenario[] = everyVersion(
  writeTxnMarkers,
  'ends a transaction',
  async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    const producer = await Transactional.start(t)
    const ask = (marker: Partial<NonNullable<RequestInput<typeof writeTxnMarkers>['markers']>[number]> = {}) =>
      t.ask(writeTxnMarkers, version, {
        markers: [
          {
            ...{ producerId: producer.producerId, producerEpoch: producer.producerEpoch, transactionResult: false },
            ...{ coordinatorEpoch: 0, topics: [{ name: topic.name, partitionIndexes: [0] }] },
            ...marker,
          },
        ],
      })
    const see = () => t.ask(describeProducers, 0, { topics: [{ name: topic.name, partitionIndexes: [0, 1] }] })
    await producer.add(topic)
    await producer.send(topic, ['a'])
    await ask({ coordinatorEpoch: -1 })
    await ask({ producerEpoch: producer.producerEpoch - 1 })
    await ask({ topics: [{ name: t.name('missing'), partitionIndexes: [0, 1] }] })
    await ask({ topics: [{ name: topic.name, partitionIndexes: [2] }] })
    await see()
    await ask({ topics: [{ name: topic.name, partitionIndexes: [0, 1] }] })
    await see()
    await readStable(t, topic)
    await producer.send(topic, ['b'], { baseSequence: 1 })
    await ask({ transactionResult: true, coordinatorEpoch: 3 })
    await ask({ transactionResult: true, coordinatorEpoch: 2 })
    await ask({ transactionResult: true, coordinatorEpoch: 4, producerEpoch: producer.producerEpoch + 1 })
    await ask({ producerId: 5_000_000 })
    await see()
    await readStable(t, topic)
  },
)

export const transactionalProduceScenarios: readonly Scenario[] = alone([
  ...everyVersion(produce, 'in a transaction', async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    const producer = await Transactional.start(t)
    const { transactionalId } = producer
    const ask = (records: Buffer, options = {}) =>
      t.ask(produce, version, produceRequest(topic, records, { transactionalId, ...options }))
    await ask(producer.batch(['early']))
    await producer.add(topic, 0)
    await ask(producer.batch(['a'], { baseSequence: version < 12 ? 0 : 1 }))
    await ask(producer.batch(['other']), { partition: 1 })
    await ask(producer.batch(['plain'], { transactional: false, baseSequence: 5 }))
    await ask(producer.batch(['z'], { producerEpoch: producer.producerEpoch + 1 }))
    await ask(producer.batch(['z'], { producerId: 5_000_000 }))
    await ask(producer.batch(['z']), { transactionalId: t.name('nobody') })
    await ask(producer.batch(['z']), { transactionalId: null })
    await ask(producer.batch(['z']), { partition: 9 })
    await readStable(t, topic)
    await producer.end(true, version < 12 ? 3 : 5)
    await readStable(t, topic)
    // Without a new transaction.
    await ask(producer.batch(['b'], { baseSequence: version < 12 ? 2 : 0 }))
    await producer.end(false, version < 12 ? 3 : 5)
    await readStable(t, topic)
    await t.ask(describeProducers, 0, { topics: [{ name: topic.name, partitionIndexes: [0, 1] }] })
  }),
  ...everyVersion(produce, 'records of a transaction that is over', async (t, version) => {
    const topic = await t.topic('a')
    const producer = await Transactional.start(t)
    const { transactionalId } = producer
    const late = producer.batch(['late'], { baseSequence: 1 })
    await producer.add(topic)
    await producer.send(topic, ['a'])
    await producer.end(true, version < 12 ? 3 : 5)
    await t.ask(produce, version, produceRequest(topic, late, { transactionalId }))
    await producer.initialise()
    await t.ask(produce, version, produceRequest(topic, late, { transactionalId }))
    await readStable(t, topic)
  }),
])

export const readCommittedScenarios: readonly Scenario[] = [
  ...everyVersion(
    fetch,
    'what is committed, aborted and open',
    async (t, version) => {
      const topic = await t.topic('a')
      const [one, two] = [await Transactional.start(t, 'one'), await Transactional.start(t, 'two')]
      const see = async () => {
        for (const offset of [0, 1, 3]) {
          for (const isolationLevel of [0, readCommitted]) {
            await t.ask(fetch, version, fetchRequest([{ topic, offset }], { isolationLevel }))
          }
        }
      }
      await one.add(topic)
      await one.send(topic, ['1a', '1b'])
      await two.add(topic)
      await two.send(topic, ['2a'])
      await see()
      await one.end(false)
      await see()
      await one.add(topic)
      await one.send(topic, ['1c'], { baseSequence: 2 })
      await two.end(true)
      await see()
      await one.end(false)
      await see()
    },
    { since: 4 },
  ),
  ...everyVersion(
    listOffsets,
    'where a transaction is open',
    async (t, version) => {
      const topic = await t.topic('a')
      const producer = await Transactional.start(t)
      const see = async () => {
        for (const timestamp of [-1, -2, -3, 1_700_000_000_000, 1_700_000_000_500, 1_800_000_000_000]) {
          if (timestamp === -3 && version < 7) continue
          for (const isolationLevel of [0, readCommitted]) {
            const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp }] }]
            await t.ask(listOffsets, version, { replicaId: -1, isolationLevel, topics })
          }
        }
      }
      await producer.add(topic)
      await producer.send(topic, ['a', 'b'])
      await see()
      await producer.end(true)
      await see()
    },
    { since: 2 },
  ),
]

export const txnOffsetCommitScenarios: readonly Scenario[] = alone([
  ...everyVersion(txnOffsetCommit, 'committed and aborted', async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    const groupId = t.name('g')
    const producer = await Transactional.start(t)
    const missing = { name: t.name('missing'), id: strangeId }
    const ask = (...commits: Parameters<typeof txnCommitRequest>[2]) =>
      t.ask(txnOffsetCommit, version, txnCommitRequest(producer, groupId, commits))
    await ask({ topic, offset: 1 })
    await producer.addOffsets(groupId)
    await ask({ topic, offset: 2, note: 'a note' })
    await ask({ topic, partition: 1, offset: 3 }, { topic: missing }, { topic: { name: '', id: noId } })
    await ask({ topic, partition: 2 })
    await ask({ topic, partition: -1 })
    await ask({ topic, offset: 4, note: 'n'.repeat(4_097) })
    await ask()
    await seeOffsets(t, groupId, topic)
    await seeOffsets(t, groupId, topic, false)
    await producer.end(true, version < 5 ? 3 : 5)
    await seeOffsets(t, groupId, topic)
    await producer.addOffsets(groupId)
    await ask({ topic, offset: 8 })
    await seeOffsets(t, groupId, topic)
    await producer.end(false, version < 5 ? 3 : 5)
    await seeOffsets(t, groupId, topic)
  }),
  ...everyVersion(txnOffsetCommit, 'of a producer that is not the one', async (t, version) => {
    const topic = await t.topic('a')
    const groupId = t.name('g')
    const producer = await Transactional.start(t)
    for (let round = 0; round < 2; round++) {
      for (const claim of wrongClaims(t, producer)) {
        await t.ask(txnOffsetCommit, version, txnCommitRequest(claim, groupId, [{ topic }]))
      }
      await producer.addOffsets(groupId)
    }
    await producer.end(true)
    await seeOffsets(t, groupId, topic)
  }),
  ...everyVersion(
    txnOffsetCommit,
    'as a member of a group',
    async (t, version) => {
      const topic = await t.topic('a')
      const groupId = t.name('g')
      const { memberId, generationId } = await loneMember(t, { speaker: await t.main(), groupId })
      const producer = await Transactional.start(t)
      await producer.addOffsets(groupId)
      const ask = (options: Parameters<typeof txnCommitRequest>[3]) =>
        t.ask(txnOffsetCommit, version, txnCommitRequest(producer, groupId, [{ topic, offset: 5 }], options))
      await ask({ memberId, generationIdOrMemberEpoch: generationId })
      await ask({ memberId, generationIdOrMemberEpoch: generationId - 1 })
      await ask({ memberId, generationIdOrMemberEpoch: generationId + 1 })
      await ask({ memberId: 'nobody', generationIdOrMemberEpoch: generationId })
      await ask({ memberId: '', generationIdOrMemberEpoch: -1 })
      await ask({ memberId: '', generationIdOrMemberEpoch: generationId })
      await ask({ memberId, generationIdOrMemberEpoch: -1 })
      await ask({ memberId, generationIdOrMemberEpoch: generationId, groupInstanceId: 'nobody' })
      await producer.end(true)
      await seeOffsets(t, groupId, topic)
    },
    { since: 3 },
  ),
  ...everyVersion(
    txnOffsetCommit,
    'as a member of a group of the consumer protocol',
    async (t, version) => {
      const topic = await t.topic('a')
      const groupId = t.name('g')
      const { memberId, memberEpoch } = await t.ask(consumerGroupHeartbeat, 1, {
        ...{ groupId, memberId: 'member', memberEpoch: 0, rebalanceTimeoutMs: 60_000 },
        ...{ subscribedTopicNames: [topic.name], topicPartitions: [] },
      })
      const producer = await Transactional.start(t)
      await producer.addOffsets(groupId)
      const ask = (options: Parameters<typeof txnCommitRequest>[3]) =>
        t.ask(txnOffsetCommit, version, txnCommitRequest(producer, groupId, [{ topic, offset: 5 }], options))
      for (const epoch of [memberEpoch, memberEpoch - 1, memberEpoch + 1, -1]) {
        await ask({ memberId: memberId ?? '', generationIdOrMemberEpoch: epoch })
      }
      await ask({ memberId: 'nobody', generationIdOrMemberEpoch: memberEpoch })
      await ask({ memberId: '', generationIdOrMemberEpoch: -1 })
      await producer.end(true)
      await seeOffsets(t, groupId, topic)
    },
    { since: 3 },
  ),
  ...everyVersion(
    txnOffsetCommit,
    'to a group that does not exist',
    async (t, version) => {
      const topic = await t.topic('a')
      const producer = await Transactional.start(t)
      await producer.addOffsets(t.name('g'))
      for (const generationIdOrMemberEpoch of [0, 1]) {
        const options = { memberId: 'm', generationIdOrMemberEpoch }
        await t.ask(txnOffsetCommit, version, txnCommitRequest(producer, t.name('g'), [{ topic }], options))
      }
      await producer.end(true)
    },
    { since: 3 },
  ),
])

export const describeTransactionsScenarios: readonly Scenario[] = everyVersion(
  describeTransactions,
  'in every state',
  async (t, version) => {
    const topic = await t.topic('a', { partitions: 3 })
    const producer = await Transactional.start(t)
    const transactionalIds = [producer.transactionalId, t.name('nobody'), '', producer.transactionalId]
    const see = () => t.ask(describeTransactions, version, { transactionalIds })
    await see()
    await producer.add(topic, 2)
    await producer.add(topic, 0)
    await see()
    await producer.end(true)
    await see()
    await producer.add(topic, 1)
    await producer.end(false)
    await see()
    await t.ask(describeTransactions, version, { transactionalIds: [] })
  },
)

export const listTransactionsScenarios: readonly Scenario[] = everyVersion(
  listTransactions,
  'by state, producer, time and name',
  async (t, version) => {
    const topic = await t.topic('a')
    const names = ['empty', 'open', 'committed', 'aborted']
    const producers: Transactional[] = []
    for (const name of names) producers.push(await Transactional.start(t, name))
    for (const producer of producers.slice(1)) await producer.add(topic)
    await producers[2]!.end(true)
    await producers[3]!.end(false)
    const see = (filters: Partial<RequestInput<typeof listTransactions>> = {}) =>
      t.ask(listTransactions, version, { stateFilters: [], producerIdFilters: [], ...filters }, answer => ({
        ...answer,
        transactionStates: answer.transactionStates.filter(({ transactionalId }) => t.isOwn(transactionalId)),
      }))
    await see()
    await see({ stateFilters: ['Ongoing', 'CompleteAbort'] })
    await see({ stateFilters: ['ongoing', 'Nonsense', 'Dead', 'PrepareEpochFence'] })
    await see({ stateFilters: ['Nonsense'] })
    await see({ producerIdFilters: [producers[0]!.producerId, 5_000_000] })
    await see({ producerIdFilters: [producers[0]!.producerId], stateFilters: ['Ongoing'] })
    if (version >= 1) {
      await see({ durationFilter: 0 })
      await see({ durationFilter: 3_600_000 })
      await see({ durationFilter: -7 })
    }
    if (version >= 2) {
      for (const pattern of ['.*open', '.*(empty|aborted)', 'open', '', '.*', '(', '[[:foo:]]']) {
        await see({ transactionalIdPattern: pattern })
      }
    }
    await producers[1]!.end(true)
  },
)

export const describeProducersScenarios: readonly Scenario[] = everyVersion(
  describeProducers,
  'idempotent and transactional ones',
  async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    const see = () =>
      t.ask(describeProducers, version, {
        topics: [
          { name: topic.name, partitionIndexes: [0, 1, 2, -1] },
          { name: t.name('missing'), partitionIndexes: [0] },
          { name: topic.name, partitionIndexes: [] },
        ],
      })
    await see()
    const producer = await Transactional.start(t)
    await producer.add(topic)
    await see()
    await producer.send(topic, ['a', 'b'])
    await see()
    await producer.end(false)
    await see()
    await t.ask(describeProducers, version, { topics: [] })
  },
)
