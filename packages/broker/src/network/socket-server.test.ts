import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { apiVersions, createTopics, errorCode, fetch, metadata, produce, zeroUuid } from '@ottla/protocol'
import { Broker } from '../broker.ts'
import { silentLogger } from '../logger.ts'
import { Settings } from '../settings/settings.ts'
import { encodeRequest, RawClient } from '../testing/raw-client.ts'
import { batchOf, TestBroker } from '../testing/test-broker.ts'
import { shareDescriptors } from './open-file-limit.ts'
import { UnsentAnswers } from './unsent-answers.ts'

/** Sends bytes on a connection of their own; resolves with what came back when the server has closed it. */
async function sendAndWaitForClose(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1' })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(received)
}

const closings = (broker: TestBroker) =>
  broker.log.filter(({ message }) => message === 'closing a connection that cannot be served')

function produceRequest(records: Buffer, { topic = 't', acks = -1 } = {}) {
  return {
    acks,
    timeoutMs: 5_000,
    topicData: [{ topicId: zeroUuid, name: topic, partitionData: [{ index: 0, records }] }],
  }
}

/** Finds nothing as long as nothing is written. */
function waitingFetch({ maxWaitMs }: { maxWaitMs: number }) {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }]
  return {
    maxWaitMs,
    minBytes: 1,
    isolationLevel: 0,
    topics: [{ topic: 't', partitions }],
    forgottenTopicsData: [],
  }
}

describe('hostile and foreign input', () => {
  const size = (bytes: number): Buffer => {
    const head = Buffer.alloc(4)
    head.writeInt32BE(bytes)
    return head
  }
  const unknownApi = Buffer.concat([size(14), Buffer.from([0x27, 0x0f, 0, 0, 0, 0, 0, 1, 0, 4]), Buffer.from('test')])
  const inputs: [string, Buffer, RegExp][] = [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /speaks HTTP/],
    ['a TLS handshake', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]), /speaks TLS/],
    ['a size of 2 GB', size(2 ** 31 - 1), /announces 2147483647 bytes, socket\.request\.max\.bytes allows 104857600/],
    ['a negative size', size(-5), /negative size -5/],
    ['a frame without a header', Buffer.concat([size(3), Buffer.from('abc')]), /3 bytes has no header/],
    ['an unknown API', unknownApi, /API key 9999 is not served/],
    [
      'an unknown version',
      encodeRequest(metadata, 0, { topics: [] }).fill(0x63, 7, 8),
      /version 99 of Metadata is not served, 0 to 13 are/,
    ],
    [
      'a body that is cut off',
      Buffer.concat([size(20), encodeRequest(metadata, 9, { topics: [{ name: 'abcdefghijk' }] }).subarray(4, 24)]),
      /Metadata v9 can't be decoded/,
    ],
  ]
  for (const [name, bytes, reason] of inputs) {
    test(`${name} closes that connection with one log line, and nothing else`, async () => {
      await using broker = await TestBroker.start()
      const bystander = await broker.connect()
      await bystander.request(metadata, 9, { topics: [] })
      assert.deepEqual(await sendAndWaitForClose(broker.port, bytes), Buffer.alloc(0))
      assert.equal(closings(broker).length, 1)
      assert.match(String(closings(broker)[0]!.fields.reason), reason)
      assert.match(String(closings(broker)[0]!.fields.client), /^127\.0\.0\.1:\d+$/)
      await bystander.request(metadata, 9, { topics: [] })
    })
  }

  test('control characters of a client do not reach the log', async () => {
    await using broker = await TestBroker.start()
    const client = await broker.connect()
    await broker.createTopic('t')
    client.send(
      encodeRequest(produce, 9, produceRequest(batchOf(['x']), { acks: 0, topic: 'no\r\n\u001b[31msuch\u202etopic' })),
    )
    await client.closed
    for (const { fields } of closings(broker)) assert.doesNotMatch(JSON.stringify(fields), /\\r|\\n|\\u001b|\u202e/)
  })

  test('a version of ApiVersions that is not served is answered in version 0, with the error and the version to use', async () => {
    await using broker = await TestBroker.start()
    const socket = connect({ port: broker.port, host: '127.0.0.1' })
    const request = encodeRequest(
      apiVersions,
      3,
      { clientSoftwareName: 'x', clientSoftwareVersion: '1' },
      { correlationId: 77 },
    )
    request.writeInt16BE(99, 6)
    socket.write(request)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.equal(answer.readInt32BE(4), 77)
    const { errorCode: code, apiKeys } = apiVersions.response.decode(answer.subarray(8), 0)
    assert.equal(code, errorCode('UNSUPPORTED_VERSION'))
    assert.deepEqual(
      apiKeys.find(({ apiKey }) => apiKey === apiVersions.key),
      { apiKey: 18, minVersion: 0, maxVersion: 5 },
    )
    socket.destroy()
  })

  test('garbage after good requests costs only what follows it', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    const client = await broker.connect()
    const answered = client.request(produce, 9, produceRequest(batchOf(['kept'])))
    client.send(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    assert.equal((await answered).responses[0]!.partitionResponses[0]!.errorCode, 0)
    await client.closed
    assert.equal(broker.broker.logs.get('t', 0)!.highWatermark, 1)
  })
})

describe('pipelining', () => {
  test('answers leave in the order of the requests, whatever each takes', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    const client = await broker.connect()
    const order: string[] = []
    const note = (name: string) => (): number => order.push(name)
    const wait = { maxWaitMs: 100, minBytes: 1, isolationLevel: 0, forgottenTopicsData: [] }
    await Promise.all([
      client
        .request(fetch, 11, {
          ...wait,
          topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }],
        })
        .then(note('waiting fetch')),
      client.request(metadata, 9, { topics: [] }).then(note('metadata')),
      client.request(produce, 9, produceRequest(batchOf(['a']))).then(note('produce 1')),
      client.request(produce, 9, produceRequest(batchOf(['b']))).then(note('produce 2')),
      client.request(metadata, 9, { topics: [] }).then(note('metadata again')),
    ])
    assert.deepEqual(order, ['waiting fetch', 'metadata', 'produce 1', 'produce 2', 'metadata again'])
  })

  test('hundreds of produce requests sent at once get consecutive offsets', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    const client = await broker.connect()
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        client.request(produce, 9, produceRequest(batchOf([`record ${index}`]))),
      ),
    )
    assert.deepEqual(
      answers.map(({ responses }) => Number(responses[0]!.partitionResponses[0]!.baseOffset)),
      Array.from({ length: 500 }, (_, index) => index),
    )
  })

  test('a request sees what the ones before it on its connection have done', async () => {
    await using broker = await TestBroker.start()
    const client = await broker.connect()
    const creation = {
      topics: [{ name: 'fresh', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 5_000,
      validateOnly: false,
    }
    const [, produced] = await Promise.all([
      client.request(createTopics, 7, creation),
      client.request(produce, 9, produceRequest(batchOf(['x']), { topic: 'fresh' })),
    ])
    assert.equal(produced.responses[0]!.partitionResponses[0]!.errorCode, 0)
  })
})

describe('back-pressure', () => {
  test('a client that does not read its answers is not answered without end, and harms nobody', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    const writer = await broker.connect()
    await writer.request(produce, 9, produceRequest(batchOf(['x'.repeat(900_000)])))
    const reader = await broker.connect()
    reader.socket.pause()
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
    const request = encodeRequest(fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: 't', partitions }],
      forgottenTopicsData: [],
    })
    for (let sent = 0; sent < 2_000; sent++) reader.send(request)
    const before = process.memoryUsage()
    for (let turn = 0; turn < 20; turn++) await writer.request(metadata, 9, { topics: [] })
    const after = process.memoryUsage()
    // 1.8 GB were asked for. Records are not copied for an answer; what is queued for the socket is bounded.
    assert.ok(after.arrayBuffers - before.arrayBuffers < 50_000_000)
  })

  test('what clients do not read is bounded for all of them together: beyond, a fetch gives its first batch', () => {
    const unsent = new UnsentAnswers({ maxBytes: 100 })
    unsent.add(70)
    assert.equal(unsent.roomInBytes, 30)
    unsent.add(70)
    assert.equal(unsent.roomInBytes, -40)
    unsent.add(-140)
    assert.throws(() => unsent.add(-1), /more bytes of answers sent/)
  })

  test('nothing counts as unsent once clients have read it or are gone', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    await broker.request(produce, 9, produceRequest(batchOf(['x'.repeat(900_000)])))
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
    const body = {
      maxWaitMs: 0,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: 't', partitions }],
      forgottenTopicsData: [],
    }
    const unread = await broker.connect()
    unread.socket.pause()
    for (let sent = 0; sent < 20; sent++) unread.send(encodeRequest(fetch, 11, body))
    await broker.request(fetch, 11, body)
    while (broker.broker.unsentAnswers.bytes === 0) await new Promise(resolve => setImmediate(resolve))
    await unread.close()
    while (broker.broker.unsentAnswers.bytes > 0) await new Promise(resolve => setImmediate(resolve))
  })

  test('when all together leave too much unread, who has not read one answer gets no other', async () => {
    await using broker = await TestBroker.start()
    await broker.createTopic('t')
    const batchBytes = 900_000
    await broker.request(produce, 9, produceRequest(batchOf(['x'.repeat(batchBytes)])))
    const unsent = broker.broker.unsentAnswers as UnsentAnswers
    const takenBytes = unsent.roomInBytes
    unsent.add(takenBytes)
    const unread = await broker.connect()
    unread.socket.pause()
    const request = encodeRequest(fetch, 11, { ...waitingFetch({ maxWaitMs: 0 }), maxBytes: 1 })
    for (let sent = 0; sent < 30; sent++) unread.send(request)
    while (unsent.bytes === takenBytes) await new Promise(resolve => setImmediate(resolve))
    for (let turns = 0; turns < 20; turns++) await broker.request(metadata, 9, { topics: [] })
    assert.ok(unsent.bytes - takenBytes < 1.5 * batchBytes, `${unsent.bytes - takenBytes} bytes`)
    const pipelining = await broker.connect()
    await Promise.all(Array.from({ length: 5 }, () => pipelining.request(metadata, 9, { topics: [] })))
    await unread.close()
    while (unsent.bytes > takenBytes) await new Promise(resolve => setImmediate(resolve))
    unsent.add(-takenBytes)
  })

  test('requests beyond queued.max.request.bytes wait, and all are answered', async () => {
    await using broker = await TestBroker.start({ 'queued.max.request.bytes': '200' })
    await broker.createTopic('t')
    const clients = await Promise.all(Array.from({ length: 10 }, () => broker.connect()))
    const answers = await Promise.all(
      clients.flatMap(client =>
        Array.from({ length: 20 }, () => client.request(produce, 9, produceRequest(batchOf(['x'])))),
      ),
    )
    assert.equal(answers.length, 200)
    assert.equal(broker.broker.logs.get('t', 0)!.logEndOffset, 200)
  })
})

test('requests that wait for news keep nobody from being served', async () => {
  await using broker = await TestBroker.start({ 'queued.max.request.bytes': '100000' })
  await broker.createTopic('t')
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }]
  const topics = [{ topic: 't', partitions }]
  const wait = { maxWaitMs: 60_000, minBytes: 1, isolationLevel: 0, topics, forgottenTopicsData: [] }
  const readers: RawClient[] = []
  while (readers.length < 600) readers.push(...(await Promise.all(Array.from({ length: 50 }, () => broker.connect()))))
  const waiting = Promise.all(readers.map(reader => reader.request(fetch, 11, wait)))
  await broker.request(produce, 9, produceRequest(batchOf(['news'])))
  for (const { responses } of await waiting) assert.equal(responses[0]!.partitions[0]!.highWatermark, 1n)
})

describe('limits', () => {
  test('connections beyond max.connections are closed, with one log line', async () => {
    await using broker = await TestBroker.start({ 'max.connections': '3' })
    const clients = [await broker.connect(), await broker.connect(), await broker.connect()]
    for (const client of clients) await client.request(metadata, 9, { topics: [] })
    await (await broker.connect()).closed
    await (await broker.connect()).closed
    assert.equal(broker.log.filter(({ message }) => message === 'refusing connections').length, 1)
    await clients[0]!.close()
    while (broker.broker.connectionCount === 3) await new Promise(resolve => setImmediate(resolve))
    await (await broker.connect()).request(metadata, 9, { topics: [] })
  })

  test('connections beyond max.connections.per.ip are closed', async () => {
    await using broker = await TestBroker.start({ 'max.connections.per.ip': '1' })
    await (await broker.connect()).request(metadata, 9, { topics: [] })
    await (await broker.connect()).closed
  })

  test('connections leave the log the descriptors that it needs, with one log line', async () => {
    const path = await mkdtemp(join(tmpdir(), 'ottla-descriptors-'))
    const reasons: unknown[] = []
    const logger = { ...silentLogger, warn: (fields: object) => reasons.push((fields as { reason: unknown }).reason) }
    const settings = new Settings(
      new Map([
        ['listeners', 'PLAINTEXT://127.0.0.1:0'],
        ['log.dirs', path],
      ]),
    )
    const broker = await Broker.start({ settings, logger, maxDescriptors: 100 })
    const { port } = broker.addresses[0]!
    const { connections } = shareDescriptors(100)
    const clients: RawClient[] = []
    while (clients.length < connections) clients.push(await RawClient.connect({ port }))
    for (let more = 0; more < 3; more++) await (await RawClient.connect({ port })).closed
    for (const client of clients) await client.request(metadata, 9, { topics: [] })
    assert.deepEqual(reasons, [
      `this process may open too few files (ulimit -n) for more than ${connections} connections`,
    ])
    for (const client of clients) await client.close()
    await broker.stop()
    await rm(path, { recursive: true })
  })

  test('a thousand idle connections cost little and disturb nobody', async () => {
    await using broker = await TestBroker.start()
    const before = process.memoryUsage()
    const idle: RawClient[] = []
    while (idle.length < 1_000) idle.push(...(await Promise.all(Array.from({ length: 50 }, () => broker.connect()))))
    await Promise.all(idle.map(client => client.request(metadata, 9, { topics: [] })))
    assert.equal(broker.broker.connectionCount, 1_000)
    const perConnection = (process.memoryUsage().rss - before.rss) / 1_000
    // Both ends live in this process.
    assert.ok(perConnection < 60_000, `${perConnection} bytes a connection`)
  })

  test('a connection on which nothing happens is closed after connections.max.idle.ms', async () => {
    await using broker = await TestBroker.start({ 'connections.max.idle.ms': '80' })
    const idle = await broker.connect()
    const unfinished = await broker.connect()
    unfinished.send(Buffer.from([0, 0, 1]))
    await Promise.all([idle.closed, unfinished.closed])
  })

  test('a negative connections.max.idle.ms closes nobody', async () => {
    await using broker = await TestBroker.start({ 'connections.max.idle.ms': '-1' })
    await broker.createTopic('t')
    const idle = await broker.connect()
    for (let waits = 0; waits < 3; waits++) await broker.request(fetch, 11, waitingFetch({ maxWaitMs: 50 }))
    await idle.request(metadata, 9, { topics: [] })
  })

  test('a waiting fetch is not idleness', async () => {
    await using broker = await TestBroker.start({ 'connections.max.idle.ms': '1000' })
    await broker.createTopic('t')
    const client = await broker.connect()
    const { responses } = await client.request(fetch, 11, waitingFetch({ maxWaitMs: 2_500 }))
    assert.equal(responses[0]!.partitions[0]!.errorCode, 0)
  })
})

describe('stop', () => {
  test('answers what is under way, waiting fetches too, then closes', async () => {
    const broker = await TestBroker.start()
    await broker.createTopic('t')
    const client = await RawClient.connect({ port: broker.port })
    const waiting = client.request(fetch, 11, waitingFetch({ maxWaitMs: 60_000 }))
    await broker.request(metadata, 9, { topics: [] })
    await broker.stop()
    assert.equal((await waiting).errorCode, 0)
    await client.closed
    await broker[Symbol.asyncDispose]()
  })

  test('leaves nothing open when a port is in use, and says so by the system error', async () => {
    await using broker = await TestBroker.start()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const settings = new Settings(
      new Map([
        ['listeners', `PLAINTEXT://127.0.0.1:${port}`],
        ['log.dirs', `${broker.path}/second`],
      ]),
    )
    await assert.rejects(Broker.start({ settings, logger: silentLogger }), { code: 'EADDRINUSE', port })
    other.close()
    // The directory is free again: the lock went with the failed start.
    const free = new Settings(
      new Map([
        ['listeners', 'PLAINTEXT://127.0.0.1:0'],
        ['log.dirs', `${broker.path}/second`],
      ]),
    )
    await (await Broker.start({ settings: free, logger: silentLogger })).stop()
  })
})
