/**
 * Bad bytes and bad manners on the Kafka port of a real process. Each connection gets what it asked for, and nobody else
 * notices: after every test the broker still answers, and at the end its memory is bounded.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { usageOf } from '../../bench/process-usage.ts'
import { kafkajsClient } from '../support/kafkajs-client.ts'
import { type OttlaProcess, startOttlaProcess } from '../support/ottla-process.ts'
import { apiVersionsV0, frame, metadataV1, WireConnection } from '../support/wire.ts'

const UNSUPPORTED_VERSION = 35
const CORRUPT_MESSAGE = 2
const MEMORY_LIMIT_BYTES = 300 * 2 ** 20

/** One record, as Apache Kafka's serializer writes it. */
const RECORD_BATCH = Buffer.from(
  '000000000000000000000050ffffffff02947ad7d30000000000000000018bcfe568000000018bcfe56800ffffffffffffffffffffffffffff' +
    '000000013c0000000a6b65792d302676616c756520c3a9207a7a7a7a7a7a7a7a7a7a00',
  'hex',
)

describe('bad bytes', { concurrency: 1 }, () => {
  let broker: OttlaProcess
  before(async () => {
    broker = await startOttlaProcess()
  })
  after(() => broker.close())
  afterEach(async () => {
    const connection = await WireConnection.open(broker.port)
    const answer = await connection.ask(apiVersionsV0(77), 2_000)
    connection.close()
    assert.equal(answer?.readInt32BE(0), 77, 'the broker answers within two seconds')
  })

  const clientHello = Buffer.from('16030100c8010000c40303', 'hex')
  const refusedAtOnce: Record<string, Buffer> = {
    'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    'a TLS client hello': Buffer.concat([clientHello, randomBytes(194)]),
    'a size of 2 GB': Buffer.from([0x7f, 0xff, 0xff, 0xff]),
    'a size of 200 MB, above socket.request.max.bytes': Buffer.from([0x0c, 0, 0, 0]),
    'a negative size': Buffer.from([0xff, 0xff, 0xff, 0xff]),
    'a size of 0': Buffer.from([0, 0, 0, 0]),
    'a frame of random bytes': Buffer.concat([Buffer.from([0, 0, 1, 0]), randomBytes(256)]),
    'an unknown API': frame({ apiKey: 999, apiVersion: 0 }),
    'an unknown version of Metadata': frame({ apiKey: 3, apiVersion: 99 }),
    'a Metadata request for 2^31 - 1 topics': frame({ apiKey: 3, apiVersion: 1, body: Buffer.from('7fffffff', 'hex') }),
    'a Metadata request with a negative number of topics': frame({
      apiKey: 3,
      apiVersion: 0,
      body: Buffer.from('fffffff0', 'hex'),
    }),
    'a compact array of 2^32 - 2 topics': frame({
      apiKey: 3,
      apiVersion: 12,
      body: Buffer.from('00ffffffff0f', 'hex'),
    }),
    'a request that is cut off inside its frame': frame({ apiKey: 0, apiVersion: 3, body: Buffer.from('ffff', 'hex') }),
  }
  for (const [what, bytes] of Object.entries(refusedAtOnce)) {
    test(`${what}: the connection is closed, with a word in the log`, async () => {
      const logged = broker.stderr.length
      const connection = await WireConnection.open(broker.port)
      const answer = await connection.ask(bytes, 3_000)
      assert.equal(answer, undefined, 'no answer, but the end of the connection')
      await connection.closed(1_000)
      assert.ok(broker.stderr.length > logged, 'the log says why')
    })
  }

  test('random bytes, two hundred connections full: closed, or waiting for more', async () => {
    for (let i = 0; i < 200; i++) {
      const connection = await WireConnection.open(broker.port)
      connection.socket.write(randomBytes(1 + (i % 50) * 100))
      connection.close()
    }
  })

  test('an unknown version of ApiVersions is answered with error 35 in version 0, which says what there is', async () => {
    const connection = await WireConnection.open(broker.port)
    const answer = await connection.ask(frame({ apiKey: 18, apiVersion: 999, correlationId: 5 }))
    assert.equal(answer?.readInt32BE(0), 5)
    assert.equal(answer?.readInt16BE(4), UNSUPPORTED_VERSION)
    assert.ok(answer!.readInt32BE(6) >= 1, 'at least the range of ApiVersions itself')
    connection.close()
  })

  test('a declared size costs nothing until the bytes come', async () => {
    const before = usageOf(broker.pid).rssBytes
    const connections = await Promise.all(Array.from({ length: 50 }, () => WireConnection.open(broker.port)))
    for (const { socket } of connections) socket.write(Buffer.from([0x05, 0xf5, 0xe1, 0x00, 0, 3]))
    // Nothing will answer them. A later connection that has been answered twice shows that the broker has seen their bytes.
    for (let round = 0; round < 2; round++) {
      const witness = await WireConnection.open(broker.port)
      assert.equal((await witness.ask(apiVersionsV0(round)))?.readInt32BE(0), round)
      witness.close()
    }
    const grown = usageOf(broker.pid).rssBytes - before
    for (const connection of connections) connection.close()
    assert.ok(grown < 50 * 2 ** 20, `50 connections announced 100 MB each, and memory grew by ${grown >> 20} MiB`)
  })

  test('a thousand pipelined requests are answered in order', async () => {
    const connection = await WireConnection.open(broker.port)
    connection.socket.write(
      Buffer.concat(Array.from({ length: 1_000 }, (_, id) => (id % 2 ? apiVersionsV0(id) : metadataV1(id)))),
    )
    for (let id = 0; id < 1_000; id++) assert.equal((await connection.response())?.readInt32BE(0), id)
    connection.close()
  })

  test('a request that comes byte by byte is answered, and two hundred who do that keep nobody waiting', async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => WireConnection.open(broker.port)))
    const request = apiVersionsV0(9)
    for (const byte of request) {
      for (const { socket } of slow) socket.write(Buffer.from([byte]))
      const other = await WireConnection.open(broker.port)
      assert.equal((await other.ask(metadataV1(3)))?.readInt32BE(0), 3)
      other.close()
    }
    for (const connection of slow) {
      assert.equal((await connection.response())?.readInt32BE(0), 9)
      connection.close()
    }
  })

  test('a client that never reads its answers is not served without end', async () => {
    const before = usageOf(broker.pid).rssBytes
    const connection = await WireConnection.open(broker.port)
    connection.socket.pause()
    const requests = Buffer.concat(Array.from({ length: 1_000 }, (_, id) => apiVersionsV0(id)))
    // The broker stops reading when its answers stay: then this client's own writes stay too.
    let written = 0
    while (connection.socket.writableLength < 4 * 2 ** 20 && written < 200) {
      connection.socket.write(requests)
      written += 1
      await sleep(5)
    }
    const grown = usageOf(broker.pid).rssBytes - before
    connection.close()
    assert.ok(grown < 100 * 2 ** 20, `memory grew by ${grown >> 20} MiB`)
  })

  test('a thousand connections at once, all answered', async () => {
    const connections = await Promise.all(Array.from({ length: 1_000 }, () => WireConnection.open(broker.port)))
    const answers = await Promise.all(connections.map((connection, id) => connection.ask(apiVersionsV0(id))))
    assert.deepEqual(
      answers.map(answer => answer?.readInt32BE(0)),
      [...connections.keys()],
    )
    const closed = connections.map(({ socket }) => once(socket, 'close'))
    for (const connection of connections) connection.close()
    await Promise.all(closed)
  })

  test('a record batch with a wrong CRC is refused, the same batch unharmed is taken', async () => {
    const admin = kafkajsClient(broker.address).admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'crc', numPartitions: 1 }], waitForLeaders: true })
    const connection = await WireConnection.open(broker.port)
    const harmed = Buffer.from(RECORD_BATCH)
    harmed[80]! ^= 1
    assert.equal(await produceError(connection, 'crc', harmed), CORRUPT_MESSAGE)
    assert.equal(await produceError(connection, 'crc', RECORD_BATCH), 0)
    assert.equal(await produceError(connection, 'crc', RECORD_BATCH.subarray(0, 70)), CORRUPT_MESSAGE)
    connection.close()
    const [offsets] = await admin.fetchTopicOffsets('crc')
    assert.equal(offsets?.high, '1', 'one batch was written')
    await admin.disconnect()
  })

  for (const topic of ['..', '.', 'a/b', '', 'new\nline', 'x'.repeat(250)]) {
    test(`the topic name ${JSON.stringify(topic.slice(0, 20))} (${topic.length} characters) is refused`, async () => {
      const admin = new kafkajs.Kafka({
        brokers: [broker.address],
        logLevel: kafkajs.logLevel.NOTHING,
        retry: { retries: 0 },
      }).admin()
      await admin.connect()
      try {
        await assert.rejects(admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }), error => {
          const cause = error instanceof kafkajs.KafkaJSAggregateError ? error.errors[0] : error
          assert.equal((cause as { type?: string }).type, 'INVALID_TOPIC_EXCEPTION')
          return true
        })
      } finally {
        await admin.disconnect()
      }
    })
  }

  test('after all that the process is the same, its memory bounded, and no request is called a bug', () => {
    const { rssBytes } = usageOf(broker.pid)
    assert.ok(rssBytes < MEMORY_LIMIT_BYTES, `${rssBytes >> 20} MiB`)
    assert.doesNotMatch(broker.stderr, /UNKNOWN_SERVER_ERROR|TypeError|ReferenceError|AssertionError|Invariant/i)
  })
})

/** Sends a Produce request, version 3, by hand and answers the error code of its one partition. */
async function produceError(connection: WireConnection, topic: string, records: Buffer): Promise<number> {
  const name = Buffer.from(topic)
  const body = Buffer.concat([
    Buffer.from('ffff', 'hex'), // no transactional id
    Buffer.from('ffff', 'hex'), // acks=all
    int32(10_000),
    int32(1),
    int16(name.length),
    name,
    int32(1),
    int32(0),
    int32(records.length),
    records,
  ])
  const answer = await connection.ask(frame({ apiKey: 0, apiVersion: 3, body }))
  // correlation id, one topic, its name, one partition, its index
  return answer!.readInt16BE(4 + 4 + 2 + name.length + 4 + 4)
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
