import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, KafkaError, produce, type RequestInput, zeroUuid } from '@ottla/protocol'
import { encodeRequest } from '../testing/raw-client.ts'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

type ProduceInput = RequestInput<typeof produce>
const firstTopicIdVersion = 13

interface Sent {
  readonly topic?: { name: string; id: string }
  readonly acks?: number
  readonly partition?: number
  readonly transactionalId?: string
}

function requestOf(
  version: number,
  records: Buffer | null,
  { topic, acks = -1, partition = 0, transactionalId }: Sent = {},
): ProduceInput {
  const { name, id } = topic ?? { name: 't', id: zeroUuid }
  return {
    acks,
    timeoutMs: 5_000,
    topicData: [
      { topicId: version >= firstTopicIdVersion ? id : zeroUuid, name, partitionData: [{ index: partition, records }] },
    ],
    ...(transactionalId === undefined ? {} : { transactionalId }),
  }
}

async function send(broker: TestBroker, version: number, records: Buffer | null, sent: Sent = {}) {
  const { responses } = await broker.request(produce, version, requestOf(version, records, sent))
  const { errorCode, ...answer } = responses[0]!.partitionResponses[0]!
  return { ...answer, baseOffset: Number(answer.baseOffset), error: errorName(errorCode) }
}

test('appends in every version, by name and by topic id, with acks=all and acks=1', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  let expected = 0
  for (const version of versionsOf(produce)) {
    for (const acks of [-1, 1]) {
      const answer = await send(broker, version, batchOf(['a', 'b']), { topic, acks })
      assert.deepEqual([version, answer.error, answer.baseOffset], [version, 'NONE', expected])
      assert.equal(Number(answer.logAppendTimeMs), -1)
      assert.equal(Number(answer.logStartOffset), version >= 5 ? 0 : -1)
      expected += 2
    }
  }
  assert.equal(broker.broker.logs.get('t', 0)!.highWatermark, expected)
})

test('acks=0 is not answered, and what was sent is there', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  const client = await broker.connect()
  for (const version of versionsOf(produce)) {
    client.send(encodeRequest(produce, version, requestOf(version, batchOf(['x']), { topic, acks: 0 })))
  }
  // The next answer on the connection is that of the next request: none came before it.
  const { responses } = await client.request(produce, 9, requestOf(9, batchOf(['y'])))
  assert.equal(Number(responses[0]!.partitionResponses[0]!.baseOffset), versionsOf(produce).length)
})

test('acks=0 closes the connection on an error, without an answer', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  // Of one partition, of the request as a whole, and after it was taken.
  const unknownPartition = requestOf(9, batchOf(['x']), { acks: 0, partition: 7 })
  const transactional = requestOf(9, batchOf(['x']), { acks: 0, transactionalId: 'a transactional id' })
  const late = requestOf(9, batchOf(['x']), { acks: 0 })
  broker.broker.logs.get('t', 0)!.whenWritten = (_, callback) =>
    setImmediate(callback, new KafkaError('KAFKA_STORAGE_ERROR'))
  for (const request of [unknownPartition, transactional, late]) {
    const client = await broker.connect()
    let received = 0
    client.socket.on('data', ({ length }) => {
      received += length
    })
    client.send(encodeRequest(produce, 9, request))
    await client.closed
    assert.equal(received, 0)
  }
})

test('acks=0 is under way until it is written: a slow disk slows its senders down', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const log = broker.broker.logs.get('t', 0)!
  const unwritten: (() => void)[] = []
  log.whenWritten = (_, callback) => unwritten.push(callback)
  const client = await broker.connect()
  const request = encodeRequest(produce, 9, requestOf(9, batchOf(['x']), { acks: 0 }))
  client.send(Buffer.concat(Array.from({ length: 200 }, () => request)))
  while (unwritten.length === 0) await new Promise(resolve => setImmediate(resolve))
  const taken = unwritten.length
  assert.ok(taken < 200)
  // Time enough for all that does not wait for the disk.
  for (let turns = 0; turns < 5; turns++) await broker.request(produce, 9, requestOf(9, null))
  assert.equal(log.logEndOffset, taken)
  while (log.logEndOffset < 200) {
    for (const callback of unwritten.splice(0)) callback()
    await new Promise(resolve => setImmediate(resolve))
  }
})

test('refuses other acks for every partition, and appends nothing', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  for (const version of versionsOf(produce)) {
    assert.equal((await send(broker, version, batchOf(['x']), { topic, acks: 2 })).error, 'INVALID_REQUIRED_ACKS')
  }
  assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 0)
})

test('knows neither topics nor partitions that are not there', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('t')
  for (const version of versionsOf(produce)) {
    const unknown = { name: 'nope', id: 'AAAAAAAAAAAAAAAAAAAAAw' }
    const expected = version >= firstTopicIdVersion ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    assert.equal((await send(broker, version, batchOf(['x']), { topic: unknown })).error, expected)
    for (const partition of [1, -1]) {
      assert.equal(
        (await send(broker, version, batchOf(['x']), { topic, partition })).error,
        'UNKNOWN_TOPIC_OR_PARTITION',
      )
    }
  }
})

test('refuses records that are damaged, missing, too many or too large', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { overrides: { 'max.message.bytes': '300' } })
  const flipped = batchOf(['abc'])
  flipped.writeUInt8(flipped.at(-1)! ^ 1, flipped.length - 1)
  assert.equal((await send(broker, 9, flipped)).error, 'CORRUPT_MESSAGE')
  assert.equal((await send(broker, 9, null)).error, 'INVALID_RECORD')
  assert.equal((await send(broker, 9, Buffer.alloc(0))).error, 'INVALID_RECORD')
  assert.equal((await send(broker, 9, Buffer.concat([batchOf(['a']), batchOf(['b'])]))).error, 'INVALID_RECORD')
  assert.equal((await send(broker, 9, batchOf(['x'.repeat(400)]))).error, 'MESSAGE_TOO_LARGE')
  assert.equal((await send(broker, 9, batchOf(['x'], { control: true }))).error, 'INVALID_RECORD')
  assert.equal((await send(broker, 9, batchOf(['x']))).baseOffset, 0)
})

test('says which records of a batch are wrong', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { overrides: { 'cleanup.policy': 'compact' } })
  const keyed = { timestamp: 1_700_000_000_000, key: Buffer.from('k'), value: Buffer.from('v'), headers: [] }
  const answer = await send(
    broker,
    9,
    batchOf([], { records: [keyed, { ...keyed, key: null }, keyed, { ...keyed, key: null }] }),
  )
  assert.equal(answer.error, 'INVALID_RECORD')
  assert.deepEqual(
    answer.recordErrors.map(({ batchIndex }) => batchIndex),
    [1, 3],
  )
})

test('answers the append time of a topic that uses it', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { overrides: { 'message.timestamp.type': 'LogAppendTime' } })
  const before = Date.now()
  const { logAppendTimeMs } = await send(broker, 9, batchOf(['x']))
  assert.ok(Number(logAppendTimeMs) >= before && Number(logAppendTimeMs) <= Date.now())
})

test('a failure of one partition does not touch the others', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t', { partitions: 2 })
  const { responses } = await broker.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [
      {
        topicId: zeroUuid,
        name: 't',
        partitionData: [
          { index: 0, records: batchOf(['a']) },
          { index: 7, records: batchOf(['b']) },
          { index: 1, records: batchOf(['c']) },
        ],
      },
      { topicId: zeroUuid, name: 'nope', partitionData: [{ index: 0, records: batchOf(['d']) }] },
    ],
  })
  const errors = responses.map(({ partitionResponses }) =>
    partitionResponses.map(({ errorCode }) => errorName(errorCode)),
  )
  assert.deepEqual(errors, [['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NONE'], ['UNKNOWN_TOPIC_OR_PARTITION']])
})

test('an idempotent producer that repeats itself gets its first answer, and a gap is refused', async () => {
  await using broker = await TestBroker.start()
  await broker.createTopic('t')
  const sequence = (baseSequence: number, producerEpoch = 0) =>
    batchOf(['x'], { producerId: 7, producerEpoch, baseSequence })
  assert.equal((await send(broker, 9, sequence(0))).baseOffset, 0)
  assert.equal((await send(broker, 9, sequence(1))).baseOffset, 1)
  assert.equal((await send(broker, 9, sequence(0))).baseOffset, 0)
  assert.equal((await send(broker, 9, sequence(3))).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  assert.equal((await send(broker, 9, sequence(0, 1))).baseOffset, 2)
  assert.equal((await send(broker, 9, sequence(2, 0))).error, 'INVALID_PRODUCER_EPOCH')
  assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 3)
})

test('clients may not write to the topics that the server keeps its state in', async () => {
  await using broker = await TestBroker.start()
  const topic = await broker.createTopic('__consumer_offsets')
  for (const version of versionsOf(produce)) {
    assert.equal((await send(broker, version, batchOf(['x']), { topic })).error, 'INVALID_TOPIC_EXCEPTION')
  }
})
