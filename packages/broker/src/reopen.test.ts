import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { apiVersions, errorName, fetch, joinGroup, listOffsets, metadata, produce } from '@ottla/protocol'
import { Broker } from './broker.ts'
import { silentLogger } from './logger.ts'
import type { Intervention, RequestHook } from './network/request-hook.ts'
import { Settings } from './settings/settings.ts'
import { RawClient } from './testing/raw-client.ts'
import { batchOf } from './testing/test-broker.ts'

interface Fixture extends AsyncDisposable {
  broker: Broker
  client: RawClient
  path: string
}

async function fixture(requestHook?: RequestHook): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'ottla-reopen-'))
  const path = join(root, 'data')
  const settings = new Settings(new Map(Object.entries({ listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': path })))
  const broker = await Broker.start({
    settings,
    logger: silentLogger,
    durability: 'os',
    ...(requestHook && { requestHook }),
  })
  await broker.metadata.createTopic({ name: 't', partitionCount: 1, overrides: new Map() })
  const client = await RawClient.connect({ port: broker.addresses[0]!.port })
  return {
    broker,
    client,
    path,
    async [Symbol.asyncDispose]() {
      await client.close()
      await broker.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function send(client: RawClient, value: string): Promise<{ errorName: string; baseOffset: number }> {
  const partitionData = [{ index: 0, records: batchOf([value]) }]
  const answer = await client.request(produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: 't', partitionData }],
  })
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  return { errorName: errorName(errorCode), baseOffset: Number(baseOffset) }
}

async function endOffset(client: RawClient): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp: -1 }]
  const { topics } = await client.request(listOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 't', partitions }],
  })
  return Number(topics[0]!.partitions[0]!.offset)
}

const waitingFetch = (client: RawClient, maxWaitMs: number) =>
  client.request(fetch, 11, {
    maxWaitMs,
    minBytes: 1,
    isolationLevel: 0,
    topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }] }],
    forgottenTopicsData: [],
  })

suite('a broker that is opened anew under its connections', () => {
  test('goes on with what the directory holds by then, on the same connection', async () => {
    await using it = await fixture()
    assert.equal((await send(it.client, 'kept')).baseOffset, 0)
    const saved = `${it.path}-saved`
    await it.broker.reopen(() => cp(it.path, saved, { recursive: true }))
    assert.equal((await send(it.client, 'lost')).baseOffset, 1)
    await it.broker.reopen(async () => {
      await rm(it.path, { recursive: true })
      await cp(saved, it.path, { recursive: true })
    })
    assert.equal(await endOffset(it.client), 1)
    assert.equal((await send(it.client, 'new')).baseOffset, 1)
    assert.equal(it.broker.connectionCount, 1)
  })

  test('is stopped in order when the directory is handed over: nothing needs a check', async () => {
    await using it = await fixture()
    await send(it.client, 'a')
    let names: string[] = []
    await it.broker.reopen(async () => {
      names = await readdir(it.path)
    })
    assert.ok(names.includes('.kafka_cleanshutdown'))
    assert.equal(it.broker.logs.wasCleanStop, true)
  })

  test('answers whoever waits, and holds who comes meanwhile', async () => {
    const arrived = Promise.withResolvers<void>()
    await using it = await fixture(({ api }) => {
      if (api === 'ListOffsets') arrived.resolve()
      return null
    })
    const waiting = waitingFetch(it.client, 3_600_000)
    const other = await RawClient.connect({ port: it.broker.addresses[0]!.port })
    let wasAnswered = false
    await it.broker.reopen(async () => {
      assert.equal((await waiting).responses[0]!.partitions[0]!.records?.length ?? 0, 0)
      void endOffset(other).then(() => {
        wasAnswered = true
      })
      await arrived.promise
      assert.equal(wasAnswered, false)
    })
    assert.equal(await endOffset(other), 0)
    assert.equal(wasAnswered, true) // answers keep their order
    await other.close()
  })

  test('answers members that wait for the others of their group', async () => {
    const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const waiting = arrived.values()
    await using it = await fixture(({ api }) => {
      if (api === 'JoinGroup') waiting.next().value?.resolve()
      return null
    })
    const join = (memberId: string) =>
      it.client.request(joinGroup, 5, {
        groupId: 'g',
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 30_000,
        memberId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      })
    const { memberId } = await join('')
    const joining = join(memberId) // waits for group.initial.rebalance.delay.ms
    await arrived[1]!.promise
    await it.broker.reopen(async () => undefined)
    assert.match(errorName((await joining).errorCode), /COORDINATOR/)
  })
})

suite('a request hook', () => {
  const hooked = (api: string, intervention: Intervention) =>
    fixture(request => (request.api === api ? intervention : null))

  test("refuses with the API's own answer, and nothing is done", async () => {
    await using it = await hooked('Produce', ({ refuse }) => refuse('NOT_LEADER_OR_FOLLOWER'))
    assert.equal((await send(it.client, 'a')).errorName, 'NOT_LEADER_OR_FOLLOWER')
    assert.equal(await endOffset(it.client), 0)
  })

  test('sees who asks what', async () => {
    const seen: string[] = []
    await using it = await fixture(({ api, version, clientId, connection }) => {
      seen.push(`${api} v${version} of ${clientId} from ${connection.clientHost}`)
      return null
    })
    await it.client.request(metadata, 9, { topics: [] })
    assert.deepEqual(seen, ['Metadata v9 of raw from 127.0.0.1'])
  })

  test('sees the topics of a request, by name, by id and of a fetch session', async () => {
    const seen: string[] = []
    await using it = await fixture(({ api, topics }) => {
      seen.push(`${api}: ${[...topics()].join()}`)
      return null
    })
    await send(it.client, 'a')
    const topicId = it.broker.metadata.topic('t')!.id
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }]
    const options = { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, forgottenTopicsData: [] }
    const { sessionId } = await it.client.request(fetch, 13, {
      ...options,
      sessionId: 0,
      sessionEpoch: 0,
      topics: [{ topicId, partitions }],
    })
    await it.client.request(fetch, 13, { ...options, sessionId, sessionEpoch: 1, topics: [] })
    await it.client.request(joinGroup, 5, {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    })
    assert.deepEqual(seen, ['Produce: t', 'Fetch: t', 'Fetch: t', 'JoinGroup: '])
  })

  test('holds up what comes behind on the same connection, pipelined or not', async () => {
    const gate = Promise.withResolvers<void>()
    let isFirst = true
    await using it = await fixture(({ api }) => {
      if (api !== 'Produce' || !isFirst) return null
      isFirst = false
      return async ({ act }) => {
        await gate.promise
        return act()
      }
    })
    const first = send(it.client, 'first')
    const second = send(it.client, 'second')
    const other = await RawClient.connect({ port: it.broker.addresses[0]!.port })
    await other.request(apiVersions, 0, {}) // a connection without a fault goes on
    assert.equal(await endOffset(other), 0)
    gate.resolve()
    assert.deepEqual([(await first).baseOffset, (await second).baseOffset], [0, 1])
    await other.close()
  })

  test('cuts the connection after the write: the answer is lost, the record is not', async () => {
    await using it = await fixture(({ api, connection }) => {
      if (api !== 'Produce') return null
      return async ({ act }) => {
        await act()
        connection.destroy()
        return null
      }
    })
    await assert.rejects(send(it.client, 'a'), /closed/)
    const other = await RawClient.connect({ port: it.broker.addresses[0]!.port })
    assert.equal(await endOffset(other), 1)
    await other.close()
  })

  test('that fails is a bug, answered as one', async () => {
    await using it = await hooked('Produce', () => Promise.reject(new Error('of the hook')))
    assert.equal((await send(it.client, 'a')).errorName, 'UNKNOWN_SERVER_ERROR')
  })
})
