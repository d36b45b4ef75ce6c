/**
 * How users grow: MirrorMaker 2 copies topics and the offsets of groups from Ottla to Apache Kafka; and back.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startApacheKafka } from '../apache-kafka/server.ts'
import { runTool } from '../apache-kafka/tools.ts'
import type { Client, ReceivedRecord } from '../support/client.ts'
import { kafkajsKind } from '../support/kafkajs-client.ts'
import { startOttlaProcess } from '../support/ottla-process.ts'
import { until } from '../support/until.ts'
import { type MirrorMaker, mirrorMaker, startMirrorMaker } from './mirror-maker.ts'

const skip = await mirrorMaker.whyNot()
const partitions = 3
const recordCount = 300
/** Of now: with older ones retention would delete records while they are copied. */
const firstTimestampMs = Date.now()
const settings = { 'group.initial.rebalance.delay.ms': 0, 'offsets.topic.num.partitions': 1 }
const patience = { timeoutMs: 180_000 }

describe('MirrorMaker 2', { skip }, () => {
  const closing: (() => Promise<unknown>)[] = []
  let mirror: MirrorMaker
  let ottla: Side
  let kafka: Side

  interface Side {
    readonly address: string
    readonly client: Client
  }
  const sideOf = async (server: { address: string; close(): Promise<unknown> }): Promise<Side> => {
    closing.push(() => server.close())
    const client = await kafkajsKind.connect(server.address)
    closing.push(() => client.close())
    return { address: server.address, client }
  }

  before(async () => {
    ottla = await sideOf(await startOttlaProcess({ settings }))
    kafka = await sideOf(await startApacheKafka({ settings }))
    await fill(ottla, 'orders')
    await fill(kafka, 'payments')
    mirror = await startMirrorMaker({ ottla: ottla.address, kafka: kafka.address }, [
      { from: 'ottla', to: 'kafka', topics: 'orders', groups: 'billing' },
      { from: 'kafka', to: 'ottla', topics: 'payments', groups: 'ledger' },
    ])
    closing.push(() => mirror.close())
  })
  after(async () => {
    for (const close of closing.reverse()) await close()
  })

  /** A topic with a setting of its own, and records. */
  async function fill({ address, client }: Side, topic: string): Promise<void> {
    await client.createTopic(topic, partitions)
    const entity = ['--entity-type', 'topics', '--entity-name', topic]
    const change = ['--alter', ...entity, '--add-config', 'max.message.bytes=777777']
    await runTool('configs', ['--bootstrap-server', address, ...change])
    await client.send(topic, numbered(0, recordCount))
  }

  const numbered = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      key: `k${first + index}`,
      value: String(first + index),
      headers: { trace: `t${first + index}` },
      timestamp: firstTimestampMs + first + index,
      partition: (first + index) % partitions,
    }))

  /** What a member of the group has read and committed; it leaves when `isEnough`. */
  async function readAsGroup(
    client: Client,
    { topic, groupId }: { topic: string; groupId: string },
    isEnough: (committed: readonly ReceivedRecord[]) => boolean | Promise<boolean>,
  ): Promise<ReceivedRecord[]> {
    const records: ReceivedRecord[] = []
    const onCommitted = (record: ReceivedRecord) => void records.push(record)
    const member = await client.join({ groupId, topic, onRecord: () => undefined, onCommitted })
    await until(`${groupId} has read enough of ${topic}`, async () => await isEnough(records), {
      ...patience,
      state: () => [records.length, mirror?.log.slice(-2_000)],
    })
    await member.leave()
    return records
  }

  /** None while the topic is not there yet. */
  const committed = (client: Client, groupId: string, topic: string): Promise<Map<number, number>> =>
    client.committedOffsets(groupId, topic).catch((error: Error & { type?: string }) => {
      if (error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return new Map()
      throw error
    })

  async function follows(from: Side, to: Side, topic: string, groupId: string): Promise<void> {
    // The group works on while its offsets are copied: MirrorMaker learns from records that pass which offset is which.
    let produced = recordCount
    const before = await readAsGroup(from.client, { topic, groupId }, async ({ length }) => {
      assert.ok(!mirror.hasEnded, mirror.log)
      if (length < produced) return false
      const copied = await committed(to.client, groupId, topic)
      if ([...copied.values()].filter(offset => offset > 0).length === partitions) return true
      await from.client.send(topic, numbered(produced, partitions))
      produced += partitions
      return false
    })
    assert.equal(before.length, produced)
    const ends = await from.client.committedOffsets(groupId, topic)

    // The group moves. Whatever it has not read on the one side it reads on the other, and at worst something twice.
    await from.client.send(topic, numbered(produced, partitions))
    produced += partitions
    const hasAllNew = (records: readonly ReceivedRecord[]) =>
      [...ends].every(([partition, end]) =>
        records.some(record => record.partition === partition && record.offset === end),
      )
    const after = await readAsGroup(to.client, { topic, groupId }, hasAllNew)
    for (const [partition, end] of ends) {
      const offsets = after.filter(record => record.partition === partition).map(({ offset }) => offset)
      assert.deepEqual(
        offsets,
        Array.from({ length: offsets.length }, (_, index) => offsets[0]! + index),
      )
      assert.ok(offsets[0]! > 0 && offsets[0]! <= end, `${groupId} begins at ${offsets[0]} of ${topic}-${partition}`)
    }

    const whole = ({ client }: Side) =>
      readAsGroup(client, { topic, groupId: `check-${topic}` }, ({ length }) => length >= produced)
    assert.deepEqual(inOrder(await whole(to)), inOrder(await whole(from)))
    const entity = ['--entity-type', 'topics', '--entity-name', topic]
    const described = await runTool('configs', ['--bootstrap-server', to.address, '--describe', ...entity])
    assert.match(described, /max\.message\.bytes=777777/)
  }

  const inOrder = (records: readonly ReceivedRecord[]) =>
    records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)

  test('from Ottla to Apache Kafka: records, settings and offsets are there, and the group goes on', () =>
    follows(ottla, kafka, 'orders', 'billing'))

  test('from Apache Kafka to Ottla: the same', () => follows(kafka, ottla, 'payments', 'ledger'))
})
