import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, listOffsets, produce, zeroUuid } from '@ottla/protocol'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

const firstMs = 1_700_000_000_000

async function ask(
  broker: TestBroker,
  version: number,
  timestamp: number,
  partition: { partitionIndex?: number; currentLeaderEpoch?: number } = {},
) {
  const { topics } = await broker.request(listOffsets, version, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp, ...partition }] }],
    timeoutMs: 1_000,
  })
  const { errorCode, timestamp: foundMs, offset, leaderEpoch } = topics[0]!.partitions[0]!
  return [errorName(errorCode), Number(offset), Number(foundMs), leaderEpoch]
}

/** Six records in three batches; the timestamps go back in the last one. */
async function start(): Promise<TestBroker> {
  const broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  for (const timestamps of [
    [0, 10],
    [20, 20],
    [5, 15],
  ]) {
    const records = timestamps.map(ms => ({ timestamp: firstMs + ms, key: null, value: Buffer.from('x'), headers: [] }))
    await broker.request(produce, 9, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ topicId: zeroUuid, name: 't', partitionData: [{ index: 0, records: batchOf([], { records }) }] }],
    })
  }
  return broker
}

test('finds both ends of the log in every version', async () => {
  await using broker = await start()
  for (const version of versionsOf(listOffsets)) {
    const epoch = version >= 4 ? 0 : -1
    assert.deepEqual(await ask(broker, version, -1), ['NONE', 6, -1, epoch])
    assert.deepEqual(await ask(broker, version, -2), ['NONE', 0, -1, epoch])
    assert.deepEqual(await ask(broker, version, -1, { partitionIndex: 1 }), ['NONE', 0, -1, epoch])
  }
})

test('finds the first record at or after a time, also where times go back', async () => {
  await using broker = await start()
  for (const version of versionsOf(listOffsets)) {
    const epoch = version >= 4 ? 0 : -1
    const at = (ms: number) => ask(broker, version, firstMs + ms)
    assert.deepEqual(await at(-100), ['NONE', 0, firstMs, epoch])
    assert.deepEqual(await at(1), ['NONE', 1, firstMs + 10, epoch])
    assert.deepEqual(await at(15), ['NONE', 2, firstMs + 20, epoch])
    assert.deepEqual(await at(21), ['NONE', -1, -1, -1])
    assert.deepEqual(await ask(broker, version, 0, { partitionIndex: 1 }), ['NONE', -1, -1, -1])
  }
})

test('knows each special timestamp from its version on, and no others', async () => {
  await using broker = await start()
  for (const version of versionsOf(listOffsets)) {
    const expected = (since: number, answer: unknown[]) =>
      version < since ? ['UNSUPPORTED_VERSION', -1, -1, -1] : answer
    assert.deepEqual(await ask(broker, version, -3), expected(7, ['NONE', 2, firstMs + 20, 0]))
    assert.deepEqual(await ask(broker, version, -4), expected(8, ['NONE', 0, -1, 0]))
    assert.deepEqual(await ask(broker, version, -5), expected(9, ['NONE', -1, -1, -1]))
    assert.deepEqual(await ask(broker, version, -6), expected(11, ['NONE', -1, -1, -1]))
    assert.deepEqual(await ask(broker, version, -7), ['UNSUPPORTED_VERSION', -1, -1, -1])
  }
})

test('begins where records are left after a deletion', async () => {
  await using broker = await start()
  await broker.broker.logs.get('t', 0)!.deleteRecordsBefore(3)
  assert.deepEqual(await ask(broker, 11, -2), ['NONE', 3, -1, 0])
  assert.deepEqual(await ask(broker, 11, firstMs), ['NONE', 3, firstMs + 20, 0])
})

test('refuses what is not there, is named twice, or has another leader epoch', async () => {
  await using broker = await start()
  for (const version of versionsOf(listOffsets)) {
    assert.equal((await ask(broker, version, -1, { partitionIndex: 9 }))[0], 'UNKNOWN_TOPIC_OR_PARTITION')
    if (version >= 4)
      assert.equal((await ask(broker, version, -1, { currentLeaderEpoch: 4 }))[0], 'UNKNOWN_LEADER_EPOCH')
    const twice = [
      { partitionIndex: 0, timestamp: -1 },
      { partitionIndex: 0, timestamp: -2 },
    ]
    const { topics } = await broker.request(listOffsets, version, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 't', partitions: twice }],
      timeoutMs: 1,
    })
    assert.deepEqual(
      topics[0]!.partitions.map(({ errorCode }) => errorName(errorCode)),
      ['INVALID_REQUEST'],
    )
  }
})

// By the square it would be minutes.
test('many partitions in one request are as many questions, not their square', { timeout: 100_000 }, async () => {
  await using broker = await TestBroker.start()
  const partitions = Array.from({ length: 120_000 }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }))
  const { topics } = await broker.request(listOffsets, 1, { replicaId: -1, topics: [{ name: 't', partitions }] })
  assert.equal(topics[0]!.partitions.length, partitions.length)
  assert.ok(topics[0]!.partitions.every(({ errorCode }) => errorCode === 3))
})
