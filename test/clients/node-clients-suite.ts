/** What every Kafka client expects of a broker, written once and run with each of the Node clients. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Client,
  type ClientKind,
  FETCH_WAIT_MS,
  type GroupMember,
  type ReceivedRecord,
  type RecordToSend,
} from '../support/client.ts'
import { type MemberProcess, startMemberProcess } from '../support/group-member-process.ts'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'

export function nodeClientSuite(kind: ClientKind): void {
  describe(kind.name, { concurrency: 1 }, () => {
    let server: ServerUnderTest
    let client: Client
    let topicCount = 0
    const newTopic = async (partitions = 1) => {
      topicCount += 1
      const topic = `suite-${topicCount}`
      await client.createTopic(topic, partitions)
      return topic
    }

    before(async () => {
      server = await startServerUnderTest()
      client = await kind.connect(server.address)
    })
    after(async () => {
      await client.close()
      await server.close()
    })

    for (const codec of kind.codecs) {
      test(`records sent with codec ${codec} come back in order, byte for byte`, async () => {
        const topic = await newTopic()
        const sent = numbered(0, 200, index => `${'a value that compresses well '.repeat(8)}${index}`)
        await client.send(topic, sent.slice(0, 150), { codec, idempotent: false })
        await client.send(topic, sent.slice(150), { codec, idempotent: false })
        const received = await readAll(client, topic, 200)
        assert.deepEqual(received.map(pickSent), sent)
        assert.deepEqual(
          received.map(record => record.offset),
          [...sent.keys()],
        )
      })
    }

    test('null keys, null values, headers, empty values and timestamps survive', async () => {
      const topic = await newTopic()
      const records: RecordToSend[] = [
        { key: null, value: 'no key', timestamp: 1_700_000_000_000 },
        { key: 'tombstone', value: null, timestamp: 1_700_000_086_400 },
        { key: 'empty', value: '', timestamp: 1_700_000_086_400 },
        {
          key: 'headers',
          value: 'x',
          headers: { traceparent: '00-abc', empty: '', ключ: 'ž' },
          timestamp: 1_700_000_000_001,
        },
      ]
      await client.send(topic, records)
      const received = await readAll(client, topic, records.length)
      assert.deepEqual(
        received.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
        records.map(({ key, value, headers = {}, timestamp }) => ({ key, value, headers, timestamp })),
      )
    })

    test('a record of 900 kB comes back whole', async () => {
      const topic = await newTopic()
      const value = Array.from({ length: 90_000 }, (_, index) => String(index).padStart(10, '0')).join('')
      await client.send(topic, [{ key: 'big', value }])
      const [record] = await readAll(client, topic, 1)
      assert.equal(record?.value, value)
    })

    test('sixty partitions are written and read by one client', async () => {
      const topic = await newTopic(60)
      const sent = numbered(0, 600).map((record, index) => ({ ...record, partition: index % 60 }))
      await client.send(topic, sent)
      const received = await readAll(client, topic, 600)
      assert.deepEqual(new Set(received.map(record => record.partition)).size, 60)
      assert.deepEqual(valuesOf(received), sent.map(record => record.value).sort())
    })

    test('an idempotent producer writes each record once and in order', async () => {
      const topic = await newTopic()
      const sent = numbered(0, 100)
      for (const record of sent) await client.send(topic, [record])
      const received = await readAll(client, topic, 100)
      assert.deepEqual(received.map(pickSent), sent)
    })

    test('a group shares partitions while members join and leave: nothing lost, nothing repeated', async () => {
      const topic = await newTopic(6)
      const groupId = `${topic}-group`
      const received: ReceivedRecord[] = []
      const committed: ReceivedRecord[] = []
      const join = () =>
        client.join({
          groupId,
          topic,
          onRecord: record => void received.push(record),
          onCommitted: record => void committed.push(record),
        })
      const sendAndSettle = async (from: number) => {
        await client.send(topic, spread(numbered(from, from + 60), 6))
        await until(`${from + 60} records committed`, () => committed.length >= from + 60, {
          state: () => committed.length,
        })
      }

      const first = await join()
      await settled([first], 6)
      await sendAndSettle(0)
      const second = await join()
      await settled([first, second], 6)
      assert.equal(first.partitions().length, 3)
      await sendAndSettle(60)
      const third = await join()
      await settled([first, second, third], 6)
      assert.equal(third.partitions().length, 2)
      await sendAndSettle(120)
      await first.leave()
      await settled([second, third], 6)
      await sendAndSettle(180)
      await second.leave()
      await third.leave()

      assert.deepEqual(valuesOf(received), valuesOf(numbered(0, 240)))
      const offsets = await client.committedOffsets(groupId, topic)
      assert.deepEqual([...offsets.values()], [40, 40, 40, 40, 40, 40])
    })

    test("a killed member's partitions go to the others after its session: nothing lost, nothing repeated", async () => {
      const topic = await newTopic(4)
      const groupId = `${topic}-group`
      const received: ReceivedRecord[] = []
      let victim: MemberProcess | undefined
      let survivor: GroupMember | undefined
      try {
        victim = await startMemberProcess({ kind, address: server.address, groupId, topic, sessionTimeoutMs: 6_000 })
        survivor = await client.join({
          groupId,
          topic,
          sessionTimeoutMs: 6_000,
          onRecord: () => undefined,
          onCommitted: record => void received.push(record),
        })
        const joined = survivor
        await until('both have partitions', () => joined.partitions().length === 2)
        await sleep(2 * FETCH_WAIT_MS)
        await client.send(topic, spread(numbered(0, 80), 4))
        await until('both have committed', () => received.length + victim!.records.length >= 80)
        assert.ok(
          victim.records.length === 40 && received.length === 40,
          `${victim.records.length} and ${received.length}`,
        )
        await victim.kill()
        await client.send(topic, spread(numbered(80, 160), 4))
        await until('the survivor has it all', () => received.length >= 120, { state: () => received.length })
        assert.deepEqual(survivor.partitions(), [0, 1, 2, 3])
        assert.deepEqual(valuesOf([...victim.records, ...received]), valuesOf(numbered(0, 160)))
      } finally {
        await survivor?.leave()
        await victim?.kill()
      }
    })

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      test(`clients go on after the broker's restart (${signal}): nothing lost, nothing repeated`, async () => {
        const topic = await newTopic(3)
        const groupId = `${topic}-group`
        const received: ReceivedRecord[] = []
        const committed: ReceivedRecord[] = []
        const member = await client.join({
          groupId,
          topic,
          sessionTimeoutMs: 6_000,
          onRecord: record => void received.push(record),
          onCommitted: record => void committed.push(record),
        })
        await client.send(topic, spread(numbered(0, 90), 3))
        await until('all committed before the stop', () => committed.length === 90, { state: () => committed.length })

        await server.stop(signal)
        const sending = client.send(topic, spread(numbered(90, 180), 3))
        await server.start()
        await sending
        await until('all received after the start', () => committed.length >= 180, { state: () => committed.length })
        await client.send(topic, spread(numbered(180, 210), 3))
        await until('and what was sent after it', () => committed.length >= 210, { state: () => committed.length })
        await member.leave()

        assert.deepEqual(valuesOf(received), valuesOf(numbered(0, 210)))
        const everything = await readAll(client, topic, 210)
        assert.deepEqual(valuesOf(everything), valuesOf(numbered(0, 210)))
        for (const partition of [0, 1, 2]) {
          const offsets = everything.filter(record => record.partition === partition).map(record => record.offset)
          assert.deepEqual(offsets, [...Array(70).keys()], `offsets of partition ${partition}`)
        }
      })
    }
  })
}

/** Reads a topic from its beginning with a group of its own; fails when more arrives than expected. */
async function readAll(client: Client, topic: string, count: number): Promise<ReceivedRecord[]> {
  const received: ReceivedRecord[] = []
  const member = await client.join({
    groupId: `${topic}-reader-${process.hrtime.bigint()}`,
    topic,
    onRecord: record => void received.push(record),
  })
  await until(`${count} records of ${topic}`, () => received.length >= count, { state: () => received.length })
  await member.leave()
  assert.equal(received.length, count)
  return received
}

/**
 * Resolves when the members hold all partitions between them, each some, none twice, and no fetch from before is under
 * way any more: some clients hand out what such a fetch brings of a partition that they have lost meanwhile.
 */
async function settled(members: GroupMember[], partitionCount: number): Promise<void> {
  const all = () => members.flatMap(member => member.partitions())
  await until(
    `${members.length} members share ${partitionCount} partitions`,
    () =>
      all().length === partitionCount &&
      new Set(all()).size === partitionCount &&
      members.every(member => member.partitions().length > 0),
    { state: () => members.map(member => member.partitions()) },
  )
  await sleep(2 * FETCH_WAIT_MS)
}

function numbered(start: number, end: number, value = (index: number) => `value ${String(index).padStart(6, '0')}`) {
  return Array.from({ length: end - start }, (_, index) => ({
    key: `key ${start + index}`,
    value: value(start + index),
  }))
}

function spread(records: RecordToSend[], partitions: number): RecordToSend[] {
  return records.map((record, index) => ({ ...record, partition: index % partitions }))
}

function pickSent({ key, value }: ReceivedRecord) {
  return { key, value }
}

function valuesOf(records: { value: string | null }[]): (string | null)[] {
  return records.map(record => record.value).sort()
}
