/** @platformatic/kafka behind the tests' common face. */
import {
  Admin,
  Consumer,
  type Message,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
} from '@platformatic/kafka'
import { type Client, type ClientKind, FETCH_WAIT_MS, type GroupMember, type MemberOptions } from './client.ts'

type TestConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>

/** What a restart of the broker needs: patience, in short steps. */
export const platformaticOptions = (address: string) => ({
  clientId: 'platformatic-test',
  bootstrapBrokers: [address],
  retries: 300,
  retryDelay: 100,
  timeout: 30_000,
})

export const platformaticKind: ClientKind = {
  name: '@platformatic/kafka',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  async connect(address): Promise<Client> {
    const options = platformaticOptions(address)
    const admin = new Admin(options)
    const producers = new Map<boolean, Producer>()
    const consumers = new Set<TestConsumer>()

    const producer = (idempotent: boolean) => {
      let found = producers.get(idempotent)
      if (found === undefined) {
        found = new Producer({ ...options, idempotent })
        producers.set(idempotent, found)
      }
      return found
    }

    return {
      async createTopic(topic, partitions) {
        await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
      },
      async send(topic, records, { codec = 'none', idempotent = true } = {}) {
        await producer(idempotent).send({
          acks: -1,
          compression: codec,
          messages: records.map(({ key, value, headers = {}, timestamp, partition }) => ({
            topic,
            ...(key == null ? {} : { key: Buffer.from(key) }),
            ...(value === null ? {} : { value: Buffer.from(value) }),
            headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
            ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
            ...(partition === undefined ? {} : { partition }),
          })),
        })
      },
      async join(member) {
        const consumer: TestConsumer = new Consumer({
          ...options,
          groupId: member.groupId,
          sessionTimeout: member.sessionTimeoutMs ?? 10_000,
          heartbeatInterval: 200,
          rebalanceTimeout: 10_000,
          maxWaitTime: FETCH_WAIT_MS,
        })
        consumers.add(consumer)
        return joinGroup(consumer, member, () => consumers.delete(consumer))
      },
      async committedOffsets(groupId, topic) {
        const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
        const found = group?.topics.find(({ name }) => name === topic)
        return new Map(
          found?.partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)]),
        )
      },
      async close() {
        await Promise.all([...consumers].map(consumer => consumer.close(true)))
        await Promise.all([...producers.values()].map(found => found.close()))
        await admin.close()
      },
    }
  },
}

async function joinGroup(consumer: TestConsumer, options: MemberOptions, onLeave: () => void): Promise<GroupMember> {
  const { topic, onRecord, onCommitted } = options
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: false,
  })
  const handle = async (message: Message<Buffer, Buffer, Buffer, Buffer>) => {
    const record = {
      topic,
      partition: message.partition,
      offset: Number(message.offset),
      key: message.key?.toString() ?? null,
      value: message.value?.toString() ?? null,
      headers: Object.fromEntries([...message.headers].map(([name, value]) => [name.toString(), value.toString()])),
      timestamp: Number(message.timestamp),
    }
    await onRecord(record)
    await message.commit()
    onCommitted?.(record)
  }
  const consumed = (async () => {
    for await (const message of stream) await handle(message)
  })()
  return {
    partitions: () => consumer.assignments?.find(assignment => assignment.topic === topic)?.partitions ?? [],
    async leave() {
      onLeave()
      await stream.close()
      await consumed
      await consumer.close()
    },
  }
}
