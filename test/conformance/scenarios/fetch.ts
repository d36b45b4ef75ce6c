import { deleteRecords, fetch, produce } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { batch, fetchRequest, noId, produceRequest, strangeId, type TopicReference } from './requests.ts'

/** Three batches: offsets 0 to 1, 2, and 3 to 5. */
async function filledTopic(t: Conversation, suffix = 'a', partitions = 1): Promise<TopicReference> {
  const topic = await t.topic(suffix, { partitions })
  for (const values of [['a', 'b'], ['c'], ['d', 'e', 'f']]) {
    await t.prepare(produce, 12, produceRequest(topic, batch(values)))
  }
  return topic
}

export const fetchScenarios: readonly Scenario[] = [
  ...everyVersion(fetch, 'from every offset', async (t, version) => {
    const topic = await filledTopic(t)
    for (const offset of [0, 1, 2, 3, 5, 6]) await t.ask(fetch, version, fetchRequest([{ topic, offset }]))
    await t.ask(fetch, version, fetchRequest([{ topic, offset: 0 }], { isolationLevel: 1 }))
  }),
  ...everyVersion(fetch, 'offsets out of range', async (t, version) => {
    const topic = await filledTopic(t)
    const offsets = [7, 1_000_000, -1, -2, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const offset of offsets) await t.ask(fetch, version, fetchRequest([{ topic, offset }]))
    await t.prepare(deleteRecords, 2, {
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 3 }] }],
      timeoutMs: 5_000,
    })
    for (const offset of [2, 3]) await t.ask(fetch, version, fetchRequest([{ topic, offset }]))
  }),
  ...everyVersion(fetch, 'limits, and the first batch that is given whole', async (t, version) => {
    const topic = await filledTopic(t)
    const other = await filledTopic(t, 'b')
    const both = (maxBytes: number) => [
      { topic, maxBytes },
      { topic: other, maxBytes },
    ]
    for (const maxBytes of [0, 1, 80, 150, 250, 1_000]) {
      await t.ask(fetch, version, fetchRequest(both(maxBytes)))
      await t.ask(fetch, version, fetchRequest(both(10_000), { maxBytes }))
    }
    await t.ask(fetch, version, fetchRequest(both(-1)))
  }),
  ...everyVersion(fetch, 'topics and partitions that are not there', async (t, version) => {
    const topic = await filledTopic(t)
    await t.ask(fetch, version, fetchRequest([{ topic, partition: 1 }]))
    await t.ask(fetch, version, fetchRequest([{ topic, partition: -1 }]))
    await t.ask(fetch, version, fetchRequest([{ topic: { name: t.name('missing'), id: strangeId } }, { topic }]))
    await t.ask(fetch, version, fetchRequest([{ topic: { name: '', id: noId } }, { topic }]))
    await t.ask(fetch, version, fetchRequest([]))
  }),
  ...everyVersion(fetch, 'waiting: enough, too little, nothing', async (t, version) => {
    const topic = await filledTopic(t)
    await t.ask(fetch, version, fetchRequest([{ topic }], { maxWaitMs: 60_000, minBytes: 1 }))
    await t.ask(fetch, version, fetchRequest([{ topic }], { maxWaitMs: 100, minBytes: 1_000_000 }))
    await t.ask(fetch, version, fetchRequest([{ topic, offset: 6 }], { maxWaitMs: 100, minBytes: 1 }))
    await t.ask(fetch, version, fetchRequest([{ topic, offset: 9 }], { maxWaitMs: 60_000, minBytes: 1 }))
  }),
  ...everyVersion(fetch, 'a waiting fetch gets what comes', async (t, version) => {
    const topic = await filledTopic(t)
    const speaker = await t.client('waits')
    const answer = speaker.ask(fetch, version, fetchRequest([{ topic, offset: 6 }], { maxWaitMs: 60_000, minBytes: 1 }))
    await t.prepare(produce, 12, produceRequest(topic, batch(['at last'])))
    await answer
  }),
  ...everyVersion(
    fetch,
    'leader epochs',
    async (t, version) => {
      const topic = await filledTopic(t)
      for (const leaderEpoch of [-1, 0, 1, 99]) await t.ask(fetch, version, fetchRequest([{ topic, leaderEpoch }]))
      if (version < 12) return
      for (const lastFetchedEpoch of [-1, 0, 1, 99]) {
        await t.ask(fetch, version, fetchRequest([{ topic, offset: 2, lastFetchedEpoch }]))
      }
    },
    { since: 9 },
  ),
  ...everyVersion(fetch, 'a session', session, { since: 7 }),
  ...everyVersion(fetch, 'sessions that are not there', lostSessions, { since: 7 }),
  ...everyVersion(
    fetch,
    'who says it is a follower',
    async (t, version) => {
      const topic = await filledTopic(t)
      await t.ask(fetch, version, fetchRequest([{ topic }], { replicaId: -2 }))
    },
    { until: 14 },
  ),
  once(fetch, 'one partition twice', async t => {
    const topic = await filledTopic(t)
    await t.ask(fetch, 12, fetchRequest([{ topic }, { topic, offset: 2 }]))
  }),
  once(fetch, 'batches of each codec in one answer', async t => {
    const topic = await t.topic('a')
    for (const compression of ['gzip', 'none', 'zstd', 'lz4', 'snappy'] as const) {
      await t.prepare(produce, 12, produceRequest(topic, batch(['1', '2'], { compression })))
    }
    for (const version of [4, 9, 10, 18]) await t.ask(fetch, version, fetchRequest([{ topic, offset: 1 }]))
  }),
]

/** KIP-227: the first answer is full, the next ones tell what is new. */
async function session(t: Conversation, version: number): Promise<void> {
  const a = await filledTopic(t, 'a')
  const b = await filledTopic(t, 'b')
  const first = await t.ask(fetch, version, fetchRequest([{ topic: a }, { topic: b }], { sessionEpoch: 0 }))
  const { sessionId } = first
  let sessionEpoch = 1
  const next = (partitions: Parameters<typeof fetchRequest>[0], options: Parameters<typeof fetchRequest>[1] = {}) =>
    t.ask(fetch, version, fetchRequest(partitions, { sessionId, sessionEpoch: sessionEpoch++, ...options }))
  await next([]) // both are still at 0, so both have records
  await next([
    { topic: a, offset: 6 },
    { topic: b, offset: 6 },
  ])
  await next([]) // nothing new
  await t.prepare(produce, 12, produceRequest(b, batch(['new'])))
  await next([])
  await next([{ topic: b, offset: 7 }])
  await next([{ topic: a, offset: 77 }]) // an error is told
  await next([]) // each time
  await next([], { forgotten: [{ topic: a, partitions: [0] }] })
  await next([])
  await next([{ topic: { name: t.name('missing'), id: strangeId } }])
  await next([])
  await next([], { sessionEpoch: -1 }) // ends it
  await next([], { sessionEpoch: 14 })
}

async function lostSessions(t: Conversation, version: number): Promise<void> {
  const topic = await filledTopic(t)
  await t.ask(fetch, version, fetchRequest([{ topic }], { sessionId: 123456789, sessionEpoch: 1 }))
  await t.ask(fetch, version, fetchRequest([], { sessionId: 0, sessionEpoch: 1 }))
  await t.ask(fetch, version, fetchRequest([{ topic }], { sessionId: 123456789, sessionEpoch: 0 }))
  await t.ask(fetch, version, fetchRequest([{ topic }], { sessionId: 123456789, sessionEpoch: -1 }))
  await t.ask(fetch, version, fetchRequest([{ topic }], { sessionId: 0, sessionEpoch: -5 }))
  const { sessionId } = await t.ask(fetch, version, fetchRequest([{ topic }], { sessionEpoch: 0 }))
  for (const sessionEpoch of [2, 3, 0x7fffffff]) {
    await t.ask(fetch, version, fetchRequest([{ topic }], { sessionId, sessionEpoch }))
  }
  await t.ask(fetch, version, fetchRequest([{ topic, offset: 2 }], { sessionId, sessionEpoch: 1 }))
  await t.ask(fetch, version, fetchRequest([{ topic, offset: 3 }], { sessionId, sessionEpoch: 1 }))
  if (version === 12) await t.ask(fetch, 13, fetchRequest([{ topic }], { sessionId, sessionEpoch: 2 }))
  if (version === 13) await t.ask(fetch, 12, fetchRequest([{ topic }], { sessionId, sessionEpoch: 2 }))
}
