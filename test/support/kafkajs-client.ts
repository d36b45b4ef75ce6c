/** kafkajs behind the tests' common face. */
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { type Consumer, type Producer } from 'kafkajs'
import {
  type Client,
  type ClientKind,
  type Codec,
  FETCH_WAIT_MS,
  type GroupMember,
  type MemberOptions,
} from './client.ts'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs

// kafkajs brings gzip; others are added by its users, in this way.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
})

const compressionTypes: Partial<Record<Codec, number>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
}

/** What a restart of the broker needs: patience, in short steps. */
const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 60 }

export function kafkajsClient(address: string): InstanceType<typeof Kafka> {
  return new Kafka({ brokers: [address], clientId: 'kafkajs-test', logLevel: logLevel.NOTHING, retry })
}

export const kafkajsKind: ClientKind = {
  name: 'kafkajs',
  codecs: ['none', 'gzip', 'zstd'],
  async connect(address): Promise<Client> {
    const kafka = kafkajsClient(address)
    const admin = kafka.admin()
    await admin.connect()
    const producers = new Map<boolean, Producer>()
    const consumers = new Set<Consumer>()

    const producer = async (idempotent: boolean) => {
      let found = producers.get(idempotent)
      if (found === undefined) {
        found = kafka.producer({ idempotent, maxInFlightRequests: 1, allowAutoTopicCreation: false })
        await found.connect()
        producers.set(idempotent, found)
      }
      return found
    }

    return {
      async createTopic(topic, partitions) {
        await admin.createTopics({
          topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
          waitForLeaders: true,
        })
      },
      async send(topic, records, { codec = 'none', idempotent = true } = {}) {
        await (await producer(idempotent)).send({
          topic,
          acks: -1,
          compression: compressionTypes[codec] ?? CompressionTypes.None,
          messages: records.map(({ timestamp, key = null, ...record }) => ({
            ...record,
            key,
            ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
          })),
        })
      },
      async join(options) {
        const consumer = kafka.consumer({
          groupId: options.groupId,
          sessionTimeout: options.sessionTimeoutMs ?? 10_000,
          heartbeatInterval: 200,
          maxWaitTimeInMs: FETCH_WAIT_MS,
        })
        consumers.add(consumer)
        return joinGroup(consumer, options, () => consumers.delete(consumer))
      },
      async committedOffsets(groupId, topic) {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
        return new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      },
      async close() {
        await Promise.all([...consumers].map(consumer => consumer.disconnect()))
        await Promise.all([...producers.values()].map(found => found.disconnect()))
        await admin.disconnect()
      },
    }
  },
}

async function joinGroup(consumer: Consumer, options: MemberOptions, onLeave: () => void): Promise<GroupMember> {
  const { topic, onRecord, onCommitted } = options
  let partitions: number[] = []
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    partitions = payload.memberAssignment[topic] ?? []
    joined.resolve()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const record = {
        topic,
        partition,
        offset: Number(message.offset),
        key: message.key?.toString() ?? null,
        value: message.value?.toString() ?? null,
        headers: Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
        ),
        timestamp: Number(message.timestamp),
      }
      await onRecord(record)
      await consumer.commitOffsets([{ topic, partition, offset: String(record.offset + 1) }])
      onCommitted?.(record)
    },
  })
  await joined.promise
  return {
    partitions: () => partitions,
    async leave() {
      onLeave()
      await consumer.disconnect()
    },
  }
}
