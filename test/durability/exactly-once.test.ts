/**
 * Consume, transform, produce, with `kill -9` of the broker and of the process that does it, in turn and at random moments: at the end
 * each record has come out exactly once, in the order of its partition.
 *
 * `OTTLA_KILL_ROUNDS=200 node --test test/durability/exactly-once.test.ts` for a long run; `OTTLA_KILL_SEED` repeats the random choices.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Copier, startCopier, transform } from '../support/copier-process.ts'
import { kafkajsClient } from '../support/kafkajs-client.ts'
import { startOttlaProcess } from '../support/ottla-process.ts'
import { randomNumbers } from '../support/random-numbers.ts'
import { until } from '../support/until.ts'

const ROUNDS = Number(process.env.OTTLA_KILL_ROUNDS ?? 4)
const SEED = Number(process.env.OTTLA_KILL_SEED ?? Date.now() % 1_000_000)
const PARTITIONS = 3
const RECORDS_A_ROUND = 600
const RECORDS_A_BATCH = 15
const PATIENCE_MS = 120_000
const END = 'end'

test(`${ROUNDS} kills of broker and copier: each record comes out exactly once (seed ${SEED})`, {
  timeout: PATIENCE_MS * 2 + ROUNDS * 20_000,
}, async () => {
  const random = randomNumbers(SEED)
  const broker = await startOttlaProcess({
    settings: { 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 },
  })
  const copier = { address: broker.address, groupId: 'copiers', from: 'input', to: 'output' }
  let running: Copier | undefined
  try {
    const kafka = kafkajsClient(broker.address)
    const admin = kafka.admin()
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await Promise.all([admin.connect(), producer.connect()])
    for (const topic of ['input', 'output'])
      await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] })
    const sent = Array.from({ length: PARTITIONS }, (): string[] => [])
    const committed = async (): Promise<number[]> => {
      const [offsets] = await admin.fetchOffsets({ groupId: copier.groupId, topics: ['input'] })
      return sent.map((_, partition) => {
        const found = offsets?.partitions.find(answer => answer.partition === partition)
        return Math.max(Number(found?.offset ?? 0), 0)
      })
    }
    const copied = async (): Promise<number> => (await committed()).reduce((sum, offset) => sum + offset, 0)

    running = startCopier(copier)
    for (let round = 0; round < ROUNDS; round++) {
      const before = await copied()
      const records = Array.from({ length: RECORDS_A_ROUND }, (_, index) => {
        const partition = index % PARTITIONS
        const value = `record ${round}-${index}`
        sent[partition]!.push(value)
        return { partition, value }
      })
      // In small batches: each becomes a transaction.
      for (let start = 0; start < records.length; start += RECORDS_A_BATCH) {
        await producer.send({ topic: 'input', messages: records.slice(start, start + RECORDS_A_BATCH) })
      }
      await until('some of it is copied', async () => (await copied()) > before, { timeoutMs: PATIENCE_MS })
      await sleep(random(150))
      if (round % 2 === 0) {
        await broker.stop('SIGKILL')
        await broker.start()
      } else {
        await running.kill()
        running = startCopier(copier)
      }
    }
    const everything = (): number => sent.reduce((sum, { length }) => sum + length, 0)
    await until('everything is copied', async () => (await copied()) === everything(), {
      timeoutMs: PATIENCE_MS,
      state: () => ({ sent: everything() }),
    })
    await running.kill()
    await producer.send({
      topic: 'output',
      messages: sent.map((_, partition) => ({ partition, value: END })),
    })
    assert.deepEqual(
      await readToEnd(kafka),
      sent.map(values => values.map(transform)),
    )
    await Promise.all([admin.disconnect(), producer.disconnect()])
  } finally {
    await running?.kill()
    await broker.close()
  }
})

/** What a consumer that reads only what is committed finds in each partition, up to the mark at its end. */
async function readToEnd(kafka: ReturnType<typeof kafkajsClient>): Promise<string[][]> {
  const values = Array.from({ length: PARTITIONS }, (): string[] => [])
  const ended = new Set<number>()
  const done = Promise.withResolvers<void>()
  const consumer = kafka.consumer({ groupId: 'readers', readUncommitted: false, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['output'], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const value = String(message.value)
      if (value === END) ended.add(partition)
      else values[partition]!.push(value)
      if (ended.size === PARTITIONS) done.resolve()
    },
  })
  const timer = setTimeout(() => done.reject(new Error(`only ${[...ended]} were read to the end`)), PATIENCE_MS)
  try {
    await done.promise
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
  return values
}
