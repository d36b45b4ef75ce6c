import { crc32c, fetch, initProducerId, listOffsets, produce } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import {
  batch,
  fetchRequest,
  firstTimestamp,
  noId,
  produceRequest,
  strangeId,
  type TopicReference,
} from './requests.ts'

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** What a consumer sees at the end. */
async function readAll(t: Conversation, topic: TopicReference): Promise<void> {
  await t.ask(fetch, 12, fetchRequest([{ topic }]))
}

/** Changes bytes of a batch and makes its CRC right again. */
function changed(records: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(records)
  change(bytes)
  bytes.writeUInt32BE(crc32c(bytes, 21), 17)
  return bytes
}

const at = {
  batchLength: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  recordCount: 57,
  records: 61,
} as const

/** What a client with a fault, or a hostile one, could send in place of a batch. */
const damagedBatches: readonly (readonly [what: string, bytes: () => Buffer])[] = [
  ['zero bytes', () => Buffer.alloc(0)],
  ['a few bytes', () => Buffer.from([1, 2, 3])],
  ['a header that is cut off', () => batch(['a']).subarray(0, 40)],
  ['two batches', () => Buffer.concat([batch(['a']), batch(['b'])])],
  ['a wrong CRC', () => flipped(batch(['a']), at.crc)],
  ['a flipped bit in a record', () => flipped(batch(['abc']), at.records + 8)],
  ['magic 0', () => changed(batch(['a']), bytes => bytes.writeInt8(0, at.magic))],
  ['magic 1', () => changed(batch(['a']), bytes => bytes.writeInt8(1, at.magic))],
  ['magic 3', () => changed(batch(['a']), bytes => bytes.writeInt8(3, at.magic))],
  ['a negative magic', () => changed(batch(['a']), bytes => bytes.writeInt8(-1, at.magic))],
  ['a batch length of 0', () => changed(batch(['a']), bytes => bytes.writeInt32BE(0, at.batchLength))],
  ['a negative batch length', () => changed(batch(['a']), bytes => bytes.writeInt32BE(-5, at.batchLength))],
  ['a huge batch length', () => changed(batch(['a']), bytes => bytes.writeInt32BE(0x7fffffff, at.batchLength))],
  ['no record in the batch', () => batch([])],
  [
    'a count of records that is too low',
    () => changed(batch(['a', 'b']), bytes => bytes.writeInt32BE(1, at.recordCount)),
  ],
  ['a count of records that is too high', () => changed(batch(['a']), bytes => bytes.writeInt32BE(2, at.recordCount))],
  ['a negative count of records', () => changed(batch(['a']), bytes => bytes.writeInt32BE(-1, at.recordCount))],
  [
    'a last offset delta that is too high',
    () => changed(batch(['a']), bytes => bytes.writeInt32BE(5, at.lastOffsetDelta)),
  ],
  ['a negative last offset delta', () => changed(batch(['a']), bytes => bytes.writeInt32BE(-1, at.lastOffsetDelta))],
  ['an unknown codec', () => changed(batch(['a']), bytes => bytes.writeInt16BE(5, at.attributes))],
  ['a control batch', () => batch(['a'], { control: true })],
  [
    'a transactional batch',
    () => batch(['a'], { transactional: true, producerId: 900, producerEpoch: 0, baseSequence: 0 }),
  ],
  ['a transactional batch without a producer', () => batch(['a'], { transactional: true })],
  ['a producer without a sequence', () => batch(['a'], { producerId: 901, producerEpoch: 0 })],
  ['a producer with a negative epoch', () => batch(['a'], { producerId: 902, producerEpoch: -1, baseSequence: 0 })],
  ['records that begin at an offset', () => batch(['a'], { baseOffset: 77 })],
  ['an older leader epoch in the batch', () => batch(['a'], { partitionLeaderEpoch: 55 })],
]

/** Whole batches with a piece of one behind them, or only a piece. */
const tornBatches: typeof damagedBatches = [
  ['a batch that is cut off', () => batch(['a', 'b']).subarray(0, -1)],
  ['a byte too many', () => Buffer.concat([batch(['a']), Buffer.from([0])])],
  ['half a batch behind a whole one', () => Buffer.concat([batch(['a']), batch(['b']).subarray(0, 50)])],
]

function flipped(records: Buffer, position: number): Buffer {
  const bytes = Buffer.from(records)
  bytes[position]! ^= 0x01
  return bytes
}

export const produceScenarios: readonly Scenario[] = [
  ...everyVersion(produce, 'records of every kind', async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    await t.ask(produce, version, produceRequest(topic, batch(['one'])))
    await t.ask(produce, version, produceRequest(topic, batch(['two', null, 'four']), { acks: 1 }))
    await t.ask(produce, version, produceRequest(topic, batch(['other']), { partition: 1 }))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'each codec', async (t, version) => {
    const topic = await t.topic('a')
    for (const compression of compressions) {
      await t.ask(produce, version, produceRequest(topic, batch(['same', 'same', 'same'], { compression })))
    }
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'topics and partitions that are not there', async (t, version) => {
    const topic = await t.topic('a')
    await t.ask(produce, version, produceRequest(topic, batch(['x']), { partition: 1 }))
    await t.ask(produce, version, produceRequest(topic, batch(['x']), { partition: -1 }))
    await t.ask(produce, version, produceRequest({ name: t.name('missing'), id: strangeId }, batch(['x'])))
    await t.ask(produce, version, produceRequest({ name: '', id: noId }, batch(['x'])))
    await t.ask(produce, version, produceRequest({ name: 'not/a/name', id: strangeId }, batch(['x'])))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'acks that do not exist', async (t, version) => {
    const topic = await t.topic('a')
    for (const acks of [2, -2, 32767]) await t.ask(produce, version, produceRequest(topic, batch(['x']), { acks }))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'nothing, and one partition twice', async (t, version) => {
    const topic = await t.topic('a')
    await t.ask(produce, version, { acks: 1, timeoutMs: 1_000, topicData: [] })
    await t.ask(produce, version, {
      acks: 1,
      timeoutMs: 1_000,
      topicData: [{ topicId: topic.id, name: topic.name, partitionData: [] }],
    })
  }),
  ...everyVersion(produce, 'damaged batches', async (t, version) => {
    const topic = await t.topic('a')
    for (const [, bytes] of damagedBatches) {
      const speaker = await t.client('damaged')
      await speaker.askInVain(produce, version, produceRequest(topic, bytes()))
      speaker.close()
    }
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'torn batches', async (t, version) => {
    const topic = await t.topic('a')
    for (const [, bytes] of tornBatches) await t.ask(produce, version, produceRequest(topic, bytes()))
  }),
  ...everyVersion(produce, 'acks 0 is not answered', async (t, version) => {
    const topic = await t.topic('a')
    const speaker = await t.main()
    speaker.tell(produce, version, produceRequest(topic, batch(['silent']), { acks: 0 }))
    await speaker.ask(produce, version, produceRequest(topic, batch(['loud']), { acks: 1 }))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'acks 0 that fails ends the connection', async (t, version) => {
    const topic = await t.topic('a')
    for (const [request] of [
      [produceRequest({ name: t.name('missing'), id: strangeId }, batch(['x']), { acks: 0 })],
      [produceRequest(topic, flipped(batch(['x']), at.crc), { acks: 0 })],
      [produceRequest(topic, batch(['x']), { acks: 0, partition: 9 })],
    ] as const) {
      const speaker = await t.client('silent')
      speaker.tell(produce, version, request)
      await speaker.untilHungUp()
    }
  }),
  ...everyVersion(produce, 'sequences of an idempotent producer', async (t, version) => {
    const topic = await t.topic('a')
    const from = (producerEpoch: number, baseSequence: number, values: string[]) =>
      t.ask(produce, version, produceRequest(topic, batch(values, { producerId: 4711, producerEpoch, baseSequence })))
    await from(0, 0, ['a', 'b'])
    await from(0, 0, ['a', 'b']) // the same again
    await from(0, 0, ['a']) // begins the same, ends elsewhere
    await from(0, 1, ['b'])
    await from(0, 3, ['gap'])
    await from(0, 2, ['c'])
    for (let sequence = 3; sequence < 9; sequence++) await from(0, sequence, [`s${sequence}`])
    await from(0, 8, ['s8']) // the last
    await from(0, 4, ['s4']) // the fifth from the end
    await from(0, 3, ['s3']) // older than is remembered
    await from(0, 0, ['a', 'b'])
    await from(2, 5, ['new epoch, not at 0'])
    await from(2, 0, ['new epoch'])
    await from(1, 9, ['old epoch'])
    await from(2, 0, ['new epoch'])
    await from(2, 1, ['next'])
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'sequences wrap behind the largest', async (t, version) => {
    const topic = await t.topic('a')
    const largest = 2 ** 31 - 1
    const from = (baseSequence: number, values: string[]) =>
      t.ask(
        produce,
        version,
        produceRequest(topic, batch(values, { producerId: 4712, producerEpoch: 3, baseSequence })),
      )
    await from(largest - 2, ['unknown producers begin anywhere'])
    await from(largest - 1, ['wraps', 'inside', 'the batch'])
    await from(largest - 1, ['wraps', 'inside', 'the batch'])
    await from(0, ['one too early'])
    await from(1, ['goes on'])
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'a producer that the broker has named', async (t, version) => {
    const topic = await t.topic('a')
    const { producerId, producerEpoch } = await t.ask(initProducerId, 3, {
      transactionalId: null,
      transactionTimeoutMs: -1,
    })
    const options = { producerId: Number(producerId), producerEpoch }
    await t.ask(produce, version, produceRequest(topic, batch(['a'], { ...options, baseSequence: 0 })))
    await t.ask(produce, version, produceRequest(topic, batch(['c'], { ...options, baseSequence: 7 })))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'the broker sets the time', async (t, version) => {
    const topic = await t.topic('a', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    await t.ask(produce, version, produceRequest(topic, batch(['a', 'b'])))
    await t.ask(produce, version, produceRequest(topic, batch(['c', 'd'], { compression: 'gzip' })))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'times outside of the limits', async (t, version) => {
    const topic = await t.topic('a', {
      configs: { 'message.timestamp.before.max.ms': '1000000000000', 'message.timestamp.after.max.ms': '3600000' },
    })
    await t.ask(produce, version, produceRequest(topic, batch(['right'])))
    await t.ask(produce, version, produceRequest(topic, batch(['too old'], { timestamp: 1_000 })))
    await t.ask(
      produce,
      version,
      produceRequest(topic, batch(['too new', 'too new'], { timestamp: 4_000_000_000_000 })),
    )
    await t.ask(produce, version, produceRequest(topic, batch(['none'], { timestamp: -1 })))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'a compacted topic needs keys', async (t, version) => {
    const topic = await t.topic('a', { configs: { 'cleanup.policy': 'compact' } })
    const records = [firstTimestamp, firstTimestamp + 1].map(timestamp => ({ timestamp, value: Buffer.from('no key') }))
    await t.ask(produce, version, produceRequest(topic, batch(['with a key'])))
    await t.ask(produce, version, produceRequest(topic, batch([], { records } as object)))
    await readAll(t, topic)
  }),
  ...everyVersion(produce, 'a batch that is too large for the topic', async (t, version) => {
    const topic = await t.topic('a', { configs: { 'max.message.bytes': '500' } })
    await t.ask(produce, version, produceRequest(topic, batch(['x'.repeat(400)])))
    await t.ask(produce, version, produceRequest(topic, batch(['x'.repeat(433)])))
    await t.ask(produce, version, produceRequest(topic, batch(['x'.repeat(600)])))
    await t.ask(produce, version, produceRequest(topic, batch(['x'.repeat(2_000)], { compression: 'gzip' })))
    await readAll(t, topic)
  }),
  once(produce, 'a broken batch spares the other partitions', async t => {
    const topic = await t.topic('a', { partitions: 3 })
    await t.ask(produce, 9, {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        {
          topicId: topic.id,
          name: topic.name,
          partitionData: [
            { index: 0, records: batch(['good']) },
            { index: 1, records: flipped(batch(['bad']), at.crc) },
            { index: 2, records: batch(['good']) },
            { index: 3, records: batch(['nowhere']) },
          ],
        },
        { topicId: strangeId, name: t.name('missing'), partitionData: [{ index: 0, records: batch(['nowhere']) }] },
      ],
    })
    const partitions = [0, 1, 2].map(partitionIndex => ({ partitionIndex, timestamp: -1 }))
    await t.ask(listOffsets, 7, { replicaId: -1, topics: [{ name: topic.name, partitions }] })
  }),
  once(produce, 'topics of the broker itself', async t => {
    for (const name of ['__consumer_offsets', '__transaction_state']) {
      await t.ask(produce, 9, produceRequest({ name, id: noId }, batch(['x']), { partition: 0 }))
    }
  }),
  once(produce, 'more replicas in sync than there are', async t => {
    const topic = await t.topic('a', { configs: { 'min.insync.replicas': '2' } })
    for (const acks of [-1, 1]) await t.ask(produce, 9, produceRequest(topic, batch(['x']), { acks }))
    await readAll(t, topic)
  }),
  once(produce, 'the topic chooses the codec', async t => {
    for (const type of ['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed', 'producer']) {
      const topic = await t.topic(type, { configs: { 'compression.type': type } })
      await t.ask(produce, 9, produceRequest(topic, batch(['same', 'same'])))
      await t.ask(produce, 9, produceRequest(topic, batch(['same', 'same'], { compression: 'gzip' })))
      await readAll(t, topic)
    }
  }),
]
