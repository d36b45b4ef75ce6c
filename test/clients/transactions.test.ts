/** Transactions by clients of others, and what Apache Kafka's tools make of them. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool, type ToolName, tryTool } from '../apache-kafka/tools.ts'
import { kafkajsClient } from '../support/kafkajs-client.ts'
import { platformaticOptions } from '../support/platformatic-client.ts'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'

const END = 'end'
const whyNoTools = await whyNoApacheKafka()

describe('transactions', { concurrency: 1 }, () => {
  let server: ServerUnderTest
  before(async () => {
    server = await startServerUnderTest()
  })
  after(() => server.close())

  const createTopic = async (topic: string): Promise<void> => {
    const admin = kafkajsClient(server.address).admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
  }

  const send = async (topic: string, values: readonly string[]): Promise<void> => {
    const producer = kafkajsClient(server.address).producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    await producer.send({ topic, messages: values.map(value => ({ value })) })
    await producer.disconnect()
  }

  /** What a consumer that reads only what is committed finds, up to a mark that this puts at the end. */
  const committed = async (topic: string): Promise<string[]> => {
    await send(topic, [END])
    const consumer = kafkajsClient(server.address).consumer({ groupId: `read ${topic}`, readUncommitted: false })
    const values: string[] = []
    const done = Promise.withResolvers<void>()
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (String(message.value) === END) done.resolve()
        else values.push(String(message.value))
      },
    })
    await done.promise
    await consumer.disconnect()
    return values
  }

  test('kafkajs: records and offsets of a transaction count together, or not', async () => {
    await createTopic('by-kafkajs')
    const kafka = kafkajsClient(server.address)
    const producer = kafka.producer({ transactionalId: 'kafkajs', idempotent: true, maxInFlightRequests: 1 })
    const admin = kafka.admin()
    await Promise.all([producer.connect(), admin.connect()])
    for (const [index, end] of (['commit', 'abort', 'commit', 'abort'] as const).entries()) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'by-kafkajs', messages: [{ value: `${index} ${end}` }] })
      const partitions = [{ partition: 0, offset: String(index) }]
      await transaction.sendOffsets({ consumerGroupId: 'offsets', topics: [{ topic: 'by-kafkajs', partitions }] })
      await transaction[end]()
    }
    await until('the last commit counts', async () => {
      const [offsets] = await admin.fetchOffsets({ groupId: 'offsets', topics: ['by-kafkajs'] })
      return offsets?.partitions[0]?.offset === '2'
    })
    assert.deepEqual(await committed('by-kafkajs'), ['0 commit', '2 commit'])
    await Promise.all([producer.disconnect(), admin.disconnect()])
  })

  test('@platformatic/kafka: records and offsets of a transaction count together, or not', async () => {
    await createTopic('platformatic-in')
    await createTopic('by-platformatic')
    await send('platformatic-in', ['a', 'b', 'c', 'd'])
    const options = platformaticOptions(server.address)
    const producer = new Producer({ ...options, serializers: stringSerializers, idempotent: true })
    const consumer = new Consumer({
      ...options,
      groupId: 'copiers',
      deserializers: stringDeserializers,
      autocommit: false,
    })
    const admin = new Admin(options)
    const stream = await consumer.consume({ topics: ['platformatic-in'], mode: 'earliest' })
    let count = 0
    for await (const message of stream) {
      const transaction = await producer.beginTransaction()
      await transaction.addConsumer(consumer)
      await transaction.send({ messages: [{ topic: 'by-platformatic', value: message.value }] })
      await transaction.addOffset(message)
      await (count % 2 === 0 ? transaction.commit() : transaction.abort())
      count += 1
      if (count === 4) break
    }
    await stream.close()
    await until('the last commit counts', async () => {
      const [group] = await admin.listConsumerGroupOffsets({ groups: ['copiers'] })
      // Of c, since d was aborted.
      return group?.topics[0]?.partitions[0]?.committedOffset === 3n
    })
    await Promise.all([consumer.close(true), producer.close(), admin.close()])
    assert.deepEqual(await committed('by-platformatic'), ['a', 'c'])
  })

  describe("Apache Kafka's tools", { skip: whyNoTools, concurrency: 1 }, () => {
    const run = (tool: ToolName, ...args: string[]) => runTool(tool, ['--bootstrap-server', server.address, ...args])

    test('transactional-message-copier: each record once, though transactions are aborted at random', async () => {
      await createTopic('copy-from')
      await createTopic('copy-to')
      const values = Array.from({ length: 300 }, (_, index) => `record ${index}`)
      await send('copy-from', values)
      const args = ['--transactional-id', 'copier', '--input-topic', 'copy-from', '--input-partition', '0']
      const options = ['--output-topic', 'copy-to', '--consumer-group', 'java-copiers', '--transaction-size', '20']
      const more = ['--max-messages', '300', '--enable-random-aborts', '--broker-list', server.address]
      const copied = await tryTool('transactional-message-copier', [...args, ...options, ...more])
      assert.equal(copied.status, 0, copied.stderr)
      assert.match(copied.stdout, /"remaining":"?0/)
      assert.deepEqual(await committed('copy-to'), values)
    })

    test('transactions: lists, describes, finds the open one and aborts it', async () => {
      await createTopic('left-open')
      const producer = kafkajsClient(server.address).producer({ transactionalId: 'open', idempotent: true })
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'left-open', messages: [{ value: 'never' }] })

      assert.match(await run('transactions', 'list'), /^open\s+\S+\s+\d+\s+Ongoing/m)
      assert.match(await run('transactions', 'list', '--transactional-id-pattern', 'op.n'), /^open\s/m)
      const description = await run('transactions', 'describe', '--transactional-id', 'open')
      assert.match(description, /open\s+\d+\s+0\s+Ongoing\s+60000\s+\d+\s+\d+\s+left-open-0/)
      const place = ['--topic', 'left-open', '--partition', '0']
      assert.match(await run('transactions', 'describe-producers', ...place), /^\d+\s+0\s+-1\s+0\s+\d+\s+0/m)
      await run('transactions', 'abort', ...place, '--start-offset', '0')
      assert.match(await run('transactions', 'describe-producers', ...place), /^\d+\s+0\s+\d+\s+0\s+\d+\s+None/m)
      assert.deepEqual(await committed('left-open'), [])
      assert.match(await run('transactions', 'find-hanging', '--broker-id', '1'), /^Topic/m)
      await transaction.abort()
      await producer.disconnect()
    })

    test('dump-log: decodes what is stored of transactions, and their markers', async () => {
      await server.stop('SIGTERM')
      const logs = globSync(`${server.dataDirectory}/__transaction_state-*/*.log`)
      const decoded = await runTool('dump-log', ['--transaction-log-decoder', '--files', logs.join(',')])
      for (const state of ['Empty', 'Ongoing', 'PrepareCommit', 'CompleteCommit', 'PrepareAbort', 'CompleteAbort']) {
        assert.match(decoded, /transactionalId=kafkajs|"transactionalId":"kafkajs"/)
        assert.ok(decoded.includes(state) || /transactionStatus/.test(decoded), `${state} is decoded`)
      }
      const data = globSync(`${server.dataDirectory}/by-kafkajs-0/*.log`)
      const markers = await runTool('dump-log', ['--print-data-log', '--files', data.join(',')])
      assert.match(markers, /endTxnMarker: COMMIT coordinatorEpoch: 0/)
      assert.match(markers, /endTxnMarker: ABORT coordinatorEpoch: 0/)
      const indexes = globSync(`${server.dataDirectory}/by-kafkajs-0/*.txnindex`)
      assert.match(await runTool('dump-log', ['--files', indexes.join(',')]), /firstOffset: \d+ lastOffset: \d+/)
      await server.start()
    })
  })
})
