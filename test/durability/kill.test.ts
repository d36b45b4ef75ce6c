/**
 * `kill -9` at random moments, under load, again and again on the same directory: what was acknowledged is still there, at its
 * offset, with the same bytes. (This shows that a crash of the process loses nothing. What a power cut may take is the
 * simulated disk's to show: the page cache survives a kill.)
 *
 * `OTTLA_KILL_ROUNDS=500 node --test test/durability/kill.test.ts` for a long run; `OTTLA_KILL_SEED` repeats the random choices.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import kafkajs, { type Kafka } from 'kafkajs'
import { kafkajsClient } from '../support/kafkajs-client.ts'
import { type OttlaProcess, startOttlaProcess } from '../support/ottla-process.ts'
import { platformaticOptions } from '../support/platformatic-client.ts'
import { randomNumbers } from '../support/random-numbers.ts'
import { Ledger } from './ledger.ts'

const ROUNDS = Number(process.env.OTTLA_KILL_ROUNDS ?? 15)
const SEED = Number(process.env.OTTLA_KILL_SEED ?? Date.now() % 1_000_000)
const TOPIC = 'ledger'
const PARTITIONS = 3
const PRODUCERS = 4
const GROUP = 'ledger-group'
/** What a group without a commit answers (OffsetFetch): a kill may come before the first commit is answered. */
const NO_OFFSET = -1

test(`${ROUNDS} kills under load lose nothing that was acknowledged (seed ${SEED})`, {
  timeout: ROUNDS * 20_000,
}, async t => {
  const random = randomNumbers(SEED)
  const ledger = new Ledger()
  const commit = { attempted: 0, acknowledged: NO_OFFSET }
  const topics = new Set<string>()
  const broker = await startOttlaProcess({ settings: { 'group.initial.rebalance.delay.ms': 0 } })
  try {
    await createTopic(broker, TOPIC, PARTITIONS)
    const verified = Array<number>(PARTITIONS).fill(0)
    for (let round = 0; round < ROUNDS; round++) {
      const load = startLoad({ broker, random, ledger, commit, topics, round })
      await load.isUnderWay
      await sleep(random(700))
      load.expectDeath()
      await broker.stop('SIGKILL')
      await load.stop()

      await broker.start()
      await verify({ broker, ledger, commit, topics, from: verified })
    }
    // And all of it once more, from the beginning, after a clean stop.
    await broker.stop('SIGTERM')
    await broker.start()
    await verify({ broker, ledger, commit, topics, from: Array<number>(PARTITIONS).fill(0) })
    t.diagnostic(`${ledger.size} records, ${commit.acknowledged} commits and ${topics.size} topics were acknowledged`)
  } finally {
    await broker.close()
  }
})

type State = {
  broker: OttlaProcess
  ledger: Ledger
  commit: { attempted: number; acknowledged: number }
  topics: Set<string>
}

/** Producers of several kinds, commits of one group and new topics, each as fast as it is answered. */
function startLoad({
  broker,
  random,
  ledger,
  commit,
  topics,
  round,
}: State & { random: (below: number) => number; round: number }) {
  const kafka = impatientClient(broker)
  let isRunning = true
  let isDying = false
  const acknowledged = Promise.withResolvers<void>()
  /** Repeats until the load is stopped, or the broker has died: only what was answered counts. */
  const repeat = async (act: () => Promise<void>) => {
    while (isRunning) {
      try {
        await act()
      } catch (error) {
        if (!isDying) throw error
        return
      }
    }
  }

  const producing = Array.from({ length: PRODUCERS }, async (_, index) => {
    const idempotent = index % 2 === 0
    const producer = kafka.producer({
      idempotent,
      // kafkajs insists on it; the broker tells a second attempt from a new batch.
      retry: { retries: idempotent ? 1 : 0, initialRetryTime: 20 },
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    })
    await repeat(async () => {
      await producer.connect()
      const partition = random(PARTITIONS)
      const values = Array.from({ length: 1 + random(30) }, () => randomBytes(random(4_000)))
      const [answer] = await producer.send({
        topic: TOPIC,
        acks: -1,
        compression: index === 1 ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None,
        messages: values.map(value => ({ partition, value })),
      })
      for (const [position, value] of values.entries()) {
        ledger.acknowledge({ partition, offset: Number(answer!.baseOffset) + position }, value)
      }
      acknowledged.resolve()
    })
    await producer.disconnect()
  })
  const admin = new Admin({ ...platformaticOptions(broker.address), retries: false })
  const committing = repeat(async () => {
    commit.attempted += 1
    const partitionOffsets = [{ partition: 0, offset: BigInt(commit.attempted) }]
    await admin.alterConsumerGroupOffsets({ groupId: GROUP, topics: [{ name: TOPIC, partitionOffsets }] })
    commit.acknowledged = commit.attempted
  })
  const creating = repeat(async () => {
    const topic = `made-${round}-${topics.size}`
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    topics.add(topic)
    await sleep(50)
  })
  return {
    /** Something has been acknowledged: a kill from now on can take something. Rejects when the load has failed. */
    isUnderWay: Promise.race([acknowledged.promise, Promise.all(producing)]),
    /** From now on a failed request is no error. */
    expectDeath() {
      isDying = true
    },
    async stop() {
      isRunning = false
      await Promise.all([...producing, committing, creating])
      await admin.close()
    },
  }
}

/** Compares the broker with the ledger from the offsets on, and moves them to where it has looked. */
async function verify({ broker, ledger, commit, topics, from }: State & { from: number[] }): Promise<void> {
  const kafka = kafkajsClient(broker.address)
  const admin = kafka.admin()
  await admin.connect()
  try {
    const ends = (await admin.fetchTopicOffsets(TOPIC))
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ high }) => Number(high))
    const records = await readPartitions(kafka, from, ends)
    const complaints = records.flatMap((found, partition) => ledger.complaints(partition, from[partition]!, found))
    assert.deepEqual(complaints, [], broker.stderr)
    for (const [partition, end] of ends.entries()) from[partition] = end

    const [offsets] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] })
    const committed = Number(offsets?.partitions.find(({ partition }) => partition === 0)?.offset)
    assert.ok(
      committed >= commit.acknowledged && committed <= commit.attempted,
      `offset ${committed} is committed; ${commit.acknowledged} was acknowledged, ${commit.attempted} the last attempt`,
    )
    const existing = new Set(await admin.listTopics())
    assert.deepEqual(
      [...topics].filter(topic => !existing.has(topic)),
      [],
      'every topic whose creation was answered is there',
    )
  } finally {
    await admin.disconnect()
  }
}

/** All records of each partition between the offsets. */
async function readPartitions(
  kafka: Kafka,
  from: number[],
  ends: number[],
): Promise<{ offset: number; value: Buffer }[][]> {
  const records = ends.map((): { offset: number; value: Buffer }[] => [])
  const waiting = new Set(ends.keys().filter(partition => ends[partition]! > from[partition]!))
  if (waiting.size === 0) return records
  const consumer = kafka.consumer({ groupId: `verify-${randomBytes(6).toString('hex')}`, maxWaitTimeInMs: 100 })
  const done = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { offset, value } of batch.messages)
        records[batch.partition]!.push({ offset: Number(offset), value: value! })
      if (Number(batch.lastOffset()) + 1 >= ends[batch.partition]!) waiting.delete(batch.partition)
      if (waiting.size === 0) done.resolve()
    },
  })
  for (const [partition, offset] of from.entries()) consumer.seek({ topic: TOPIC, partition, offset: String(offset) })
  const timer = setTimeout(
    () => done.reject(new Error(`partitions ${[...waiting]} can't be read to their ends ${ends}`)),
    120_000,
  )
  try {
    await done.promise
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
  return records
}

async function createTopic(broker: OttlaProcess, topic: string, numPartitions: number): Promise<void> {
  const admin = kafkajsClient(broker.address).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  await admin.disconnect()
}

/** A client that never sends anything twice: a second attempt would hide what became of the first. */
function impatientClient(broker: OttlaProcess): Kafka {
  return new kafkajs.Kafka({
    brokers: [broker.address],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
    requestTimeout: 60_000,
  })
}
