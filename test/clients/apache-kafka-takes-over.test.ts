/**
 * The way out: Apache Kafka started once on a directory of ours, compacted logs and a snapshot of the metadata included. Topics,
 * records and committed offsets are there, and it goes on where we stopped.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startOttla } from 'ottla'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { startApacheKafka } from '../apache-kafka/server.ts'
import { runTool } from '../apache-kafka/tools.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const KEYS = 37
const RECORDS = 2_400
const topic = 'orders'
const group = 'payment'

const kafkaOn = (brokers: string[]) => new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } })

test('Apache Kafka goes on with a directory that we have compacted', { skip: await whyNoApacheKafka() }, async t => {
  const root = await temporaryDirectory('takes-over')
  t.after(() => root.remove())
  const dataDir = join(root.path, 'data')
  const written = await fillAndCompact(dataDir)
  const metadata = readdirSync(join(dataDir, '__cluster_metadata-0'))
  assert.ok(metadata.some(name => name.endsWith('.checkpoint')))

  const apacheKafka = await startApacheKafka({ directory: root.path })
  t.after(() => apacheKafka.close())
  const kafka = kafkaOn([apacheKafka.address])
  // By its own consumer: kafkajs does not get past a segment of which only an empty batch is left, as it does with us.
  const read = await runTool(
    'console-consumer',
    [
      ...['--bootstrap-server', apacheKafka.address, '--topic', topic, '--from-beginning', '--timeout-ms', '60000'],
      ...['--max-messages', String(written.count), '--formatter-property', 'print.key=true'],
    ],
    { timeoutMs: 180_000 },
  )
  const values = new Map(
    read
      .trimEnd()
      .split('\n')
      .map(line => line.split('\t') as [string, string]),
  )
  assert.deepEqual(values, written.values)
  assert.ok(written.count < RECORDS, 'it was compacted')
  const admin = kafka.admin()
  await admin.connect()
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  assert.deepEqual(
    offsets?.partitions.map(({ offset }) => offset),
    ['1234'],
  )
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: topic, configNames: ['cleanup.policy'] }],
  })
  assert.equal(resources[0]?.configEntries[0]?.configValue, 'compact')
  await admin.disconnect()
  const producer = kafka.producer()
  await producer.connect()
  const [sent] = await producer.send({ topic, messages: [{ key: 'new', value: 'from Apache Kafka' }] })
  assert.equal(sent?.baseOffset, String(RECORDS))
  await producer.disconnect()
})

/** Resolves with the newest value of each key. */
async function fillAndCompact(dataDir: string): Promise<{ values: Map<string, string>; count: number }> {
  await using ottla = await startOttla({
    dataDir,
    settings: {
      'group.initial.rebalance.delay.ms': '0',
      'log.cleaner.backoff.ms': '100',
      'metadata.log.max.record.bytes.between.snapshots': '500',
      'offsets.topic.num.partitions': '3',
    },
    topics: {
      [topic]: {
        configs: { 'cleanup.policy': 'compact', 'segment.bytes': '1048576', 'min.cleanable.dirty.ratio': '0.01' },
      },
      other: {},
    },
  })
  const kafka = kafkaOn(ottla.brokers)
  const producer = kafka.producer()
  await producer.connect()
  for (let start = 0; start < RECORDS; start += 20) {
    const messages = Array.from({ length: 20 }, (_, i) => ({
      key: `key ${(start + i) % KEYS}`,
      value: `${start + i} ${'.'.repeat(1000)}`,
    }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
  const admin = kafka.admin()
  await admin.connect()
  await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '1234' }] })
  await admin.disconnect()
  const checkpoint = join(dataDir, 'cleaner-offset-checkpoint')
  await until(
    'the topic is compacted',
    () => existsSync(checkpoint) && readFileSync(checkpoint, 'utf8').includes(topic),
  )
  return await readAll(kafka)
}

/** From the beginning to the end, by a group of its own. */
async function readAll(kafka: Kafka): Promise<{ values: Map<string, string>; count: number }> {
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}` })
  await consumer.connect()
  const values = new Map<string, string>()
  let count = 0
  let last = -1
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      values.set(String(message.key), String(message.value))
      last = Number(message.offset)
      count++
    },
  })
  await until('everything is read', () => last >= RECORDS - 1, { timeoutMs: 120_000, state: () => `${last}` })
  await consumer.disconnect()
  return { values, count }
}
