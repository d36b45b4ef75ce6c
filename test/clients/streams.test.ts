/**
 * Kafka Streams with exactly_once_v2, two instances of which one after the other is killed (`kill -9`), and the broker too: a count of
 * words and a join within a window give exact results.
 */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startStreamsProgram, whyNoKafkaStreams } from '../apache-kafka/streams.ts'
import { kafkajsClient } from '../support/kafkajs-client.ts'
import { startOttlaProcess } from '../support/ottla-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 4
const WORDS = ['der', 'Prozess', 'das', 'Schloss', 'Amerika', 'Ottla', 'Brief']
const LINES_A_ROUND = 60
const PAIRS_A_ROUND = 60
const ROUNDS = ['kill one', 'kill the broker', 'kill the other', 'nothing'] as const
const PATIENCE_MS = 240_000

test('Kafka Streams with exactly_once_v2 counts and joins exactly, whatever is killed', {
  skip: await whyNoKafkaStreams(),
  timeout: 3 * PATIENCE_MS,
}, async () => {
  const directory = await temporaryDirectory('streams')
  const broker = await startOttlaProcess({
    settings: {
      'group.initial.rebalance.delay.ms': 0,
      'group.min.session.timeout.ms': 100,
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    },
  })
  const instances = new Map<string, ChildProcess>()
  const start = async (name: string): Promise<void> => {
    const args = [broker.address, 'exact', join(directory.path, name)]
    const child = await startStreamsProgram(join(import.meta.dirname, 'ExactlyOnceStreams.java'), args)
    instances.set(name, child)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-5_000)
    })
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the program has ended: ${said}`)))
    ended.catch(() => undefined)
    await Promise.race([once(lines, 'line'), ended])
  }
  const kill = async (name: string): Promise<void> => {
    const child = instances.get(name)!
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  try {
    const kafka = kafkajsClient(broker.address)
    const admin = kafka.admin()
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await Promise.all([admin.connect(), producer.connect()])
    for (const topic of ['lines', 'counts', 'left', 'right', 'joined']) {
      await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] })
    }
    const results = await readCommitted(kafka)
    await Promise.all([start('one'), start('other')])

    const expected = new Map<string, number>()
    let pairs = 0
    for (const round of ROUNDS) {
      const lines = Array.from({ length: LINES_A_ROUND }, (_, index) => {
        const words = [WORDS[index % WORDS.length]!, WORDS[(index * 3 + 1) % WORDS.length]!]
        for (const word of words) expected.set(word, (expected.get(word) ?? 0) + 1)
        return { key: String(index), value: words.join(' ') }
      })
      const keys = Array.from({ length: PAIRS_A_ROUND }, () => `pair ${pairs++}`)
      const before = results.counts.length
      // In pieces, so that a kill finds work under way.
      for (let start = 0; start < LINES_A_ROUND; start += 6) {
        await producer.send({ topic: 'lines', messages: lines.slice(start, start + 6) })
        for (const topic of ['left', 'right']) {
          await producer.send({
            topic,
            messages: keys.slice(start, start + 6).map(key => ({ key, value: `${topic} of ${key}` })),
          })
        }
        if (start === 0) await until('the round is under way', () => results.counts.length > before, patience)
        if (start === 30) await act(round)
      }
    }
    async function act(round: (typeof ROUNDS)[number]): Promise<void> {
      if (round === 'kill one' || round === 'kill the other') {
        const name = round === 'kill one' ? 'one' : 'other'
        await kill(name)
        await start(name)
      } else if (round === 'kill the broker') {
        await broker.stop('SIGKILL')
        await sleep(200)
        await broker.start()
      }
    }

    const total = [...expected.values()].reduce((sum, count) => sum + count, 0)
    const state = () => ({ counts: results.counts.length, total, joined: results.joined.length, pairs })
    const isComplete = () => results.counts.length >= total && results.joined.length >= pairs
    await until('everything is counted and joined', isComplete, { ...patience, state })
    await results.stop()
    for (const [word, count] of expected) {
      const given = results.counts.filter(({ key }) => key === word).map(({ value }) => Number(value))
      assert.deepEqual(
        given,
        Array.from({ length: count }, (_, index) => index + 1),
        `counts of ${word}`,
      )
    }
    assert.deepEqual(
      results.joined.map(({ value }) => value).sort(),
      Array.from({ length: pairs }, (_, index) => `left of pair ${index}+right of pair ${index}`).sort(),
    )
    await Promise.all([admin.disconnect(), producer.disconnect()])
  } finally {
    await Promise.all([...instances.keys()].map(kill))
    await broker.close()
    await directory.remove()
  }
})

const patience = { timeoutMs: PATIENCE_MS }

interface Result {
  readonly key: string
  readonly value: string
}

/** What comes out and counts, in the order of each partition, for as long as it is not stopped. */
async function readCommitted(
  kafka: ReturnType<typeof kafkajsClient>,
): Promise<{ counts: Result[]; joined: Result[]; stop(): Promise<void> }> {
  // By offset: a consumer that joins again after the broker was killed reads from the beginning.
  const seen = new Set<string>()
  const results = { counts: [] as Result[], joined: [] as Result[] }
  const consumer = kafka.consumer({ groupId: 'results', readUncommitted: false, maxWaitTimeInMs: 200 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['counts', 'joined'], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const place = `${topic}-${partition}@${message.offset}`
      if (seen.has(place)) return
      seen.add(place)
      results[topic as 'counts' | 'joined'].push({ key: String(message.key), value: String(message.value) })
    },
  })
  return { ...results, stop: () => consumer.disconnect() }
}
