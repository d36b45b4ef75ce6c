import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, fetch, produce, type RequestInput, type Response, recordBatches, zeroUuid } from '@ottla/protocol'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

type FetchInput = RequestInput<typeof fetch>
type PartitionInput = Partial<FetchInput['topics'][number]['partitions'][number]>

const firstTopicIdVersion = 13
const firstSessionVersion = 7

interface Asked {
  readonly topic?: { name: string; id: string }
  readonly partitions?: PartitionInput[]
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly isolationLevel?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly forgotten?: number[]
}

function requestOf(version: number, asked: Asked): FetchInput {
  const { topic = { name: 't', id: zeroUuid }, partitions = [{}], forgotten = [] } = asked
  const names = { topicId: version >= firstTopicIdVersion ? topic.id : zeroUuid, topic: topic.name }
  return {
    maxWaitMs: asked.maxWaitMs ?? 0,
    minBytes: asked.minBytes ?? 1,
    maxBytes: asked.maxBytes ?? 10_000_000,
    isolationLevel: asked.isolationLevel ?? 0,
    sessionId: asked.sessionId ?? 0,
    sessionEpoch: asked.sessionEpoch ?? -1,
    topics:
      partitions.length === 0
        ? []
        : [
            {
              ...names,
              partitions: partitions.map(partition => ({
                partition: 0,
                fetchOffset: 0,
                partitionMaxBytes: 1_000_000,
                ...partition,
              })),
            },
          ],
    forgottenTopicsData: forgotten.length === 0 ? [] : [{ ...names, partitions: forgotten }],
  }
}

const ask = (broker: TestBroker, version: number, asked: Asked = {}) =>
  broker.request(fetch, version, requestOf(version, asked))

type FetchResponse = Response<typeof fetch>
type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

const partitionsOf = ({ responses }: FetchResponse): PartitionAnswer[] =>
  responses.flatMap(({ partitions }) => partitions)
const indexesOf = (response: FetchResponse): number[] =>
  partitionsOf(response).map(({ partitionIndex }) => partitionIndex)
const errorOf = (response: FetchResponse): string => errorName(partitionsOf(response)[0]!.errorCode)

function valuesOf({ records }: PartitionAnswer): string[] {
  return [...recordBatches(records ?? Buffer.alloc(0))].flatMap(batch =>
    [...batch.records({ maxDecompressedBytes: 1_000_000 })].map(({ value }) => String(value)),
  )
}

async function writeTo(broker: TestBroker, values: string[], { topic = 't', partition = 0 } = {}): Promise<void> {
  await broker.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ topicId: zeroUuid, name: topic, partitionData: [{ index: partition, records: batchOf(values) }] }],
  })
}

test('reads in every version, by name and by topic id', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t', { partitions: 2 })
  await writeTo(broker, ['a', 'b'])
  await writeTo(broker, ['c'])
  for (const version of versionsOf(fetch)) {
    const response = await ask(broker, version, { topic, partitions: [{ fetchOffset: 1 }, { partition: 1 }] })
    const [first, second] = partitionsOf(response)
    assert.deepEqual(valuesOf(first!), ['a', 'b', 'c'], `version ${version}`)
    assert.deepEqual(
      [first!.highWatermark, first!.lastStableOffset, first!.logStartOffset],
      [3n, 3n, version >= 5 ? 0n : -1n],
    )
    assert.equal(first!.abortedTransactions, null)
    assert.deepEqual([second!.errorCode, second!.highWatermark, second!.records?.length], [0, 0n, 0])
    assert.equal(
      response.responses[0]![version >= firstTopicIdVersion ? 'topicId' : 'topic'],
      version >= firstTopicIdVersion ? topic.id : 't',
    )
  }
})

test('knows neither topics nor partitions nor offsets that are not there', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  await writeTo(broker, ['a'])
  const unknown = { name: 'nope', id: 'AAAAAAAAAAAAAAAAAAAAAw' }
  for (const version of versionsOf(fetch)) {
    const expected = version >= firstTopicIdVersion ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    assert.equal(errorOf(await ask(broker, version, { topic: unknown, maxWaitMs: 10_000 })), expected)
    assert.equal(
      errorOf(await ask(broker, version, { topic, partitions: [{ partition: 5 }] })),
      'UNKNOWN_TOPIC_OR_PARTITION',
    )
    for (const fetchOffset of [-1n, 2n, 2n ** 62n]) {
      const response = await ask(broker, version, { topic, partitions: [{ fetchOffset }] })
      assert.equal(errorOf(response), 'OFFSET_OUT_OF_RANGE')
      assert.equal(partitionsOf(response)[0]!.highWatermark, -1n)
    }
  }
})

test('a topic that was deleted and created anew is not read by its old id', async () => {
  await using broker = await TestBroker.start()
  const old = await broker.createTopic('t')
  await writeTo(broker, ['old'])
  await broker.broker.metadata.deleteTopic(old.id)
  const topic = await broker.createTopic('t')
  assert.equal(errorOf(await ask(broker, 13, { topic: old })), 'UNKNOWN_TOPIC_ID')
  assert.deepEqual(valuesOf(partitionsOf(await ask(broker, 13, { topic }))[0]!), [])
})

test('the first batch is given whole, however small the limits; what follows must fit', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  await writeTo(broker, ['x'.repeat(1_000)])
  await writeTo(broker, ['y'.repeat(1_000)])
  await writeTo(broker, ['z'.repeat(1_000)], { partition: 1 })
  const sizes = async (asked: Asked): Promise<number[]> =>
    partitionsOf(await ask(broker, 11, { partitions: [{}, { partition: 1 }], ...asked })).map(
      answer => valuesOf(answer).length,
    )
  assert.deepEqual(await sizes({}), [2, 1])
  assert.deepEqual(await sizes({ maxBytes: 1 }), [1, 0])
  assert.deepEqual(await sizes({ maxBytes: 2_500 }), [2, 0])
  assert.deepEqual(
    await sizes({ partitions: [{ partitionMaxBytes: 1 }, { partition: 1, partitionMaxBytes: 1 }] }),
    [1, 0],
  )
  assert.deepEqual(await sizes({ partitions: [{ fetchOffset: 2 }, { partition: 1, partitionMaxBytes: 1 }] }), [0, 1])
})

test('read committed stops at the last stable offset and lists no aborted transactions', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await writeTo(broker, ['a'])
  for (const version of versionsOf(fetch).filter(version => version < firstTopicIdVersion)) {
    const [answer] = partitionsOf(await ask(broker, version, { isolationLevel: 1 }))
    assert.deepEqual([valuesOf(answer!), answer!.abortedTransactions], [['a'], []])
  }
})

test('waits for records and is answered as soon as they are there', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const reader = await broker.connect()
  const waiting = reader.request(fetch, 11, requestOf(11, { maxWaitMs: 60_000 }))
  await writeTo(broker, ['news'])
  assert.deepEqual(valuesOf(partitionsOf(await waiting)[0]!), ['news'])
})

test('waits for as many bytes as it was told, and is answered with what there is when its time is up', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  const reader = await broker.connect()
  const partitions = [{}, { partition: 1 }]
  const enough = reader.request(fetch, 11, requestOf(11, { partitions, maxWaitMs: 60_000, minBytes: 250 }))
  for (const partition of [0, 1, 0, 1]) await writeTo(broker, ['x'.repeat(20)], { partition })
  const sizes = partitionsOf(await enough).map(answer => answer.records!.length)
  assert.ok(sizes.reduce((sum, size) => sum + size) >= 250)
  const startedMs = performance.now()
  const timedOut = await ask(broker, 11, { partitions, maxWaitMs: 100, minBytes: 10_000 })
  assert.ok(performance.now() - startedMs >= 99)
  assert.deepEqual(
    partitionsOf(timedOut).map(answer => valuesOf(answer).length),
    [2, 2],
  )
})

test('a waiting fetch ends when its connection does', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const reader = await broker.connect()
  const waiting = assert.rejects(reader.request(fetch, 11, requestOf(11, { maxWaitMs: 60_000 })))
  await broker.request(fetch, 11, requestOf(11, {}))
  await reader.close()
  await waiting
  while (broker.broker.connectionCount > 1) await new Promise(resolve => setImmediate(resolve))
})

test('fences a client whose leader epoch is not ours, and from v16 tells it the right one', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  for (const version of versionsOf(fetch).filter(version => version >= 9)) {
    const response = await ask(broker, version, { topic, partitions: [{ currentLeaderEpoch: 5 }] })
    assert.equal(errorOf(response), 'UNKNOWN_LEADER_EPOCH')
    assert.equal(errorOf(await ask(broker, version, { topic, partitions: [{ currentLeaderEpoch: 0 }] })), 'NONE')
  }
})

test('shows a client that has read on in an epoch that ended where the histories part', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  await writeTo(broker, ['a', 'b'])
  for (const version of versionsOf(fetch).filter(version => version >= 12)) {
    const diverging = await ask(broker, version, { topic, partitions: [{ fetchOffset: 2, lastFetchedEpoch: 0 }] })
    assert.deepEqual(partitionsOf(diverging)[0]!.divergingEpoch, { epoch: -1, endOffset: -1n })
    assert.equal(
      errorOf(await ask(broker, version, { topic, partitions: [{ fetchOffset: 2, lastFetchedEpoch: 3 }] })),
      'OFFSET_OUT_OF_RANGE',
    )
  }
})

test('does not know a replica', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  for (const version of versionsOf(fetch)) {
    const replica = version >= 15 ? { replicaState: { replicaId: 3, replicaEpoch: 1 } } : { replicaId: 3 }
    const response = await broker.request(fetch, version, { ...requestOf(version, { topic }), ...replica })
    assert.equal(errorOf(response), 'NOT_LEADER_OR_FOLLOWER')
    if (version >= 16)
      assert.deepEqual(response.nodeEndpoints, [{ nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null }])
  }
})

test('a session answers only with news, and remembers what it was asked for', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(fetch).filter(version => version >= firstSessionVersion)) {
    const topic = await broker.createTopic(`t${version}`, { partitions: 3 })
    const write = (values: string[], partition = 0) => writeTo(broker, values, { topic: topic.name, partition })
    await write(['a'])
    const partitions = [{ fetchOffset: 0 }, { partition: 1 }, { partition: 2 }]
    const full = await ask(broker, version, { topic, partitions, sessionEpoch: 0 })
    const { sessionId } = full
    assert.ok(sessionId > 0)
    assert.deepEqual(indexesOf(full), [0, 1, 2])
    const next = (sessionEpoch: number, asked: Asked) =>
      ask(broker, version, { topic, partitions: [], ...asked, sessionId, sessionEpoch })

    const end = Number(partitionsOf(full)[0]!.highWatermark)
    assert.deepEqual(indexesOf(await next(1, { partitions: [{ fetchOffset: end }] })), [])
    await write(['b'])
    await write(['c'], 2)
    const news = await next(2, {})
    assert.deepEqual(new Set(indexesOf(news)), new Set([0, 2]))
    assert.equal(news.sessionId, sessionId)
    assert.deepEqual(indexesOf(await next(3, { forgotten: [0, 2] })), [])
    await write(['d'], 1)
    assert.deepEqual(indexesOf(await next(4, {})), [1])
    // A partition that the client has not read on from keeps giving the same records.
    assert.deepEqual(indexesOf(await next(5, {})), [1])
  }
})

test('a session is left by its epoch rules', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  for (const version of versionsOf(fetch).filter(version => version >= firstSessionVersion)) {
    const { sessionId } = await ask(broker, version, { topic, sessionEpoch: 0 })
    const error = async (asked: Asked): Promise<string> =>
      errorName((await ask(broker, version, { topic, partitions: [], ...asked })).errorCode)
    assert.equal(await error({ sessionId, sessionEpoch: 2 }), 'INVALID_FETCH_SESSION_EPOCH')
    assert.equal(await error({ sessionId: sessionId + 1, sessionEpoch: 1 }), 'FETCH_SESSION_ID_NOT_FOUND')
    assert.equal(await error({ sessionId, sessionEpoch: 1 }), 'NONE')
    assert.equal(await error({ sessionId, sessionEpoch: -1 }), 'NONE')
    assert.equal(await error({ sessionId, sessionEpoch: 2 }), 'FETCH_SESSION_ID_NOT_FOUND')
  }
  const { sessionId } = await ask(broker, 12, { sessionEpoch: 0 })
  const { errorCode } = await ask(broker, 13, { topic, partitions: [], sessionId, sessionEpoch: 1 })
  assert.equal(errorName(errorCode), 'FETCH_SESSION_TOPIC_ID_ERROR')
})

test('a full cache of sessions is no error: the client fetches without one', async () => {
  await using broker = await TestBroker.start({ 'max.incremental.fetch.session.cache.slots': '1' })
  await broker.createTopic('t')
  assert.ok((await ask(broker, 11, { sessionEpoch: 0 })).sessionId > 0)
  const response = await ask(broker, 11, { sessionEpoch: 0 })
  assert.deepEqual([response.sessionId, errorOf(response)], [0, 'NONE'])
})

test('what fits no more is enough: a large fetch.min.bytes does not make a full answer wait', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  const large = 'x'.repeat(600)
  for (const partition of [0, 1])
    for (let batches = 0; batches < 2; batches++) await writeTo(broker, [large], { partition })
  const forEver = { maxWaitMs: 2 ** 31 - 1 }
  // By the limit of the partition, and by that of the whole, which a batch reaches only in part; above both, as in Kafka.
  const byPartition = await ask(broker, 11, { ...forEver, minBytes: 1_000, partitions: [{ partitionMaxBytes: 1_000 }] })
  assert.deepEqual(partitionsOf(byPartition).map(valuesOf), [[large]])
  const partitions = [{}, { partition: 1 }]
  for (const minBytes of [1_500, 5_000]) {
    const byWhole = await ask(broker, 11, { ...forEver, minBytes, maxBytes: 1_500, partitions })
    assert.deepEqual(partitionsOf(byWhole).map(valuesOf), [[large, large], []])
  }
})

test('a fetch that waits with records in its hands counts them, and lets go of them', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await writeTo(broker, ['x'.repeat(600)])
  const client = await broker.connect()
  const waiting = client.request(fetch, 11, requestOf(11, { minBytes: 1_000, maxWaitMs: 2 ** 31 - 1 }))
  while (broker.broker.unsentAnswers.bytes < 600) await new Promise(resolve => setImmediate(resolve))
  await writeTo(broker, ['y'.repeat(600)])
  assert.equal(valuesOf(partitionsOf(await waiting)[0]!).length, 2)
  while (broker.broker.unsentAnswers.bytes > 0) await new Promise(resolve => setImmediate(resolve))
})

test('a fetch that waits for the disk counts what it may become, so that not all begin at once', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  await writeTo(broker, ['a'])
  const log = broker.broker.logs.get('t', 0)!
  const disk = Promise.withResolvers<void>()
  const read = log.read.bind(log)
  log.read = async options => {
    await disk.promise
    return read(options)
  }
  const clients = [await broker.connect(), await broker.connect()]
  const answers = clients.map(client => client.request(fetch, 11, requestOf(11, {})))
  while (broker.broker.unsentAnswers.bytes < 2_000_000) await new Promise(resolve => setImmediate(resolve))
  disk.resolve()
  for (const answer of await Promise.all(answers)) assert.deepEqual(valuesOf(partitionsOf(answer)[0]!), ['a'])
  while (broker.broker.unsentAnswers.bytes > 0) await new Promise(resolve => setImmediate(resolve))
})
