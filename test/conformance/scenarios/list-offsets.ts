import { deleteRecords, listOffsets, offsetForLeaderEpoch, produce, type RequestInput } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { batch, firstTimestamp, produceRequest, type TopicReference } from './requests.ts'

interface Query {
  readonly timestamp?: number | bigint
  readonly partition?: number
  readonly leaderEpoch?: number
}

function query(name: string, queries: readonly Query[], isolationLevel = 0): RequestInput<typeof listOffsets> {
  return {
    replicaId: -1,
    isolationLevel,
    timeoutMs: 10_000,
    topics: [
      {
        name,
        partitions: queries.map(({ timestamp = -1, partition = 0, leaderEpoch = -1 }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: leaderEpoch,
          timestamp,
        })),
      },
    ],
  }
}

/** Times: 0, 1 | 10, 11 | 5 | 11, 12 seconds after the first. */
async function filledTopic(t: Conversation, compression: 'none' | 'gzip' = 'none'): Promise<TopicReference> {
  const topic = await t.topic('a')
  for (const [seconds, values] of [
    [0, ['a', 'b']],
    [10, ['c', 'd']],
    [5, ['e']],
    [11, ['f', 'g']],
  ] as const) {
    const records = batch([...values], { timestamp: firstTimestamp + seconds * 1_000, compression })
    await t.prepare(produce, 12, produceRequest(topic, records))
  }
  return topic
}

export const listOffsetsScenarios: readonly Scenario[] = [
  ...everyVersion(listOffsets, 'times of records', async (t, version) => {
    const { name } = await filledTopic(t)
    for (const after of [-1_000_000, 0, 1, 1_000, 1_001, 5_000, 10_000, 10_500, 11_000, 11_001, 12_000, 12_001]) {
      await t.ask(listOffsets, version, query(name, [{ timestamp: firstTimestamp + after }]))
    }
  }),
  ...everyVersion(listOffsets, 'times with a meaning of their own', async (t, version) => {
    const { name } = await filledTopic(t)
    for (const timestamp of [-1, -2, -3, -4, -5, -6, -7, -100, 0, 2n ** 63n - 1n, -(2n ** 63n)]) {
      await t.ask(listOffsets, version, query(name, [{ timestamp }]))
    }
    await t.ask(listOffsets, version, query(name, [{ timestamp: -1 }], 1))
  }),
  ...everyVersion(listOffsets, 'an empty log, and one whose beginning is gone', async (t, version) => {
    const empty = await t.topic('empty')
    const { name } = await filledTopic(t)
    await t.prepare(deleteRecords, 2, {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset: 3 }] }],
      timeoutMs: 5_000,
    })
    for (const timestamp of [-1, -2, -3, -4, -5, firstTimestamp, firstTimestamp + 10_000]) {
      await t.ask(listOffsets, version, query(empty.name, [{ timestamp }]))
      await t.ask(listOffsets, version, query(name, [{ timestamp }]))
    }
  }),
  ...everyVersion(listOffsets, 'what is not there', async (t, version) => {
    const { name } = await filledTopic(t)
    await t.ask(listOffsets, version, query(name, [{ partition: 1 }, { partition: -1 }, { partition: 0 }]))
    await t.ask(listOffsets, version, query(t.name('missing'), [{}]))
    await t.ask(listOffsets, version, query('', [{}]))
    await t.ask(listOffsets, version, query(name, [{ timestamp: -1 }, { timestamp: -2 }]))
    await t.ask(listOffsets, version, query(name, []))
    await t.ask(listOffsets, version, { ...query(name, []), topics: [] })
  }),
  ...everyVersion(
    listOffsets,
    'leader epochs',
    async (t, version) => {
      const { name } = await filledTopic(t)
      for (const leaderEpoch of [-1, 0, 1, 99]) await t.ask(listOffsets, version, query(name, [{ leaderEpoch }]))
    },
    { since: 4 },
  ),
  ...everyVersion(listOffsets, 'who is not a consumer', async (t, version) => {
    const { name } = await filledTopic(t)
    for (const replicaId of [-2, -3, 1, 7]) await t.ask(listOffsets, version, { ...query(name, [{}]), replicaId })
  }),
  once(listOffsets, 'times inside of compressed batches', async t => {
    const { name } = await filledTopic(t, 'gzip')
    for (const after of [0, 500, 1_000, 10_500, 11_500]) {
      await t.ask(listOffsets, 7, query(name, [{ timestamp: firstTimestamp + after }]))
    }
    await t.ask(listOffsets, 7, query(name, [{ timestamp: -3 }]))
  }),
  once(listOffsets, 'the first of the records with the highest time', async t => {
    const topic = await t.topic('a')
    for (const values of [['a'], ['b'], ['c', 'd']]) {
      await t.prepare(produce, 12, produceRequest(topic, batch(values)))
    }
    await t.prepare(produce, 12, produceRequest(topic, batch(['again'], { timestamp: firstTimestamp + 1_000 })))
    await t.ask(listOffsets, 7, query(topic.name, [{ timestamp: -3 }]))
  }),
]

export const offsetForLeaderEpochScenarios: readonly Scenario[] = [
  ...everyVersion(offsetForLeaderEpoch, 'where an epoch ends', async (t, version) => {
    const { name } = await filledTopic(t)
    const ask = (topic: string, partition: number, leaderEpoch: number, currentLeaderEpoch = -1, replicaId = -1) =>
      t.ask(offsetForLeaderEpoch, version, {
        replicaId,
        topics: [{ topic, partitions: [{ partition, leaderEpoch, currentLeaderEpoch }] }],
      })
    for (const leaderEpoch of [0, 1, 99, -1, -2, 0x7fffffff]) await ask(name, 0, leaderEpoch)
    for (const currentLeaderEpoch of [0, 1, 99, -2]) await ask(name, 0, 0, currentLeaderEpoch)
    await ask(name, 1, 0)
    await ask(name, -1, 0)
    await ask(t.name('missing'), 0, 0)
    for (const replicaId of [-2, 1, 7]) await ask(name, 0, 0, -1, replicaId)
    await t.ask(offsetForLeaderEpoch, version, { replicaId: -1, topics: [] })
  }),
  ...everyVersion(offsetForLeaderEpoch, 'an empty log', async (t, version) => {
    const { name } = await t.topic('a')
    for (const leaderEpoch of [0, 1, -1]) {
      const partitions = [{ partition: 0, leaderEpoch, currentLeaderEpoch: -1 }]
      await t.ask(offsetForLeaderEpoch, version, { replicaId: -1, topics: [{ topic: name, partitions }] })
    }
  }),
]
