/**
 * Reads records by their offset, as anyone may: a reader of a log takes nothing from the others and leaves no trace. It joins
 * no consumer group and commits nothing.
 */
import { Consumer } from '@platformatic/kafka'
import type { Topic } from '../../contracts/topic.ts'
import { type ClientSettings, clientOptions } from '../../kit/kafka.ts'

const maxBytes = 512 * 1024

export type LogRecord = {
  partition: number
  offset: number
  timestampMs: number
  key: string
  value: Buffer | null
  headers: Record<string, string>
}

export class RecordReader {
  readonly #client: ClientSettings
  #consumer: Consumer | undefined

  constructor(client: ClientSettings) {
    this.#client = client
  }

  /**
   * @param from by partition, the first offset that is wanted
   * @param options `waitMs`: how long the broker may wait for the first record to come
   * @returns records of these partitions, each partition's in order; none when nothing has come in time
   */
  async read(
    topic: string,
    from: ReadonlyMap<number, number>,
    { waitMs }: { waitMs: number },
  ): Promise<readonly LogRecord[]> {
    const consumer = this.#open()
    try {
      return await fetchRecords(consumer, { topic, from, waitMs })
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** @returns the log end offset by partition */
  async ends(topic: Topic): Promise<ReadonlyMap<number, number>> {
    const consumer = this.#open()
    try {
      const listed = await consumer.listOffsets({ topics: [topic.name] })
      return new Map(listed.get(topic.name)?.map((end, partition) => [partition, Number(end)]) ?? [])
    } catch (error) {
      await this.close()
      throw error
    }
  }

  #open(): Consumer {
    this.#consumer ??= new Consumer({ ...clientOptions(this.#client), groupId: this.#client.clientId, retries: 0 })
    return this.#consumer
  }

  async close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await consumer?.close(true).catch(() => undefined) // the connection is broken: that is why it is closed
  }
}

async function fetchRecords(
  consumer: Consumer,
  { topic, from, waitMs }: { topic: string; from: ReadonlyMap<number, number>; waitMs: number },
): Promise<LogRecord[]> {
  const metadata = await consumer.metadata({ topics: [topic] })
  const described = metadata.topics.get(topic)
  if (described === undefined) return []
  const byNode = new Map<number, [number, number][]>()
  for (const [partition, offset] of from) {
    const leader = described.partitions[partition]?.leader
    if (leader !== undefined) byNode.set(leader, [...(byNode.get(leader) ?? []), [partition, offset]])
  }
  const answers = await Promise.all(
    [...byNode].map(([node, partitions]) =>
      consumer.fetch({
        node,
        minBytes: 1,
        maxBytes,
        maxWaitTime: waitMs,
        topics: [
          {
            topicId: described.id,
            partitions: partitions.map(([partition, offset]) => ({
              partition,
              currentLeaderEpoch: -1,
              fetchOffset: BigInt(offset),
              lastFetchedEpoch: -1,
              partitionMaxBytes: maxBytes,
            })),
          },
        ],
      }),
    ),
  )
  const read: LogRecord[] = []
  for (const { partitionIndex, records } of answers.flatMap(answer => answer.responses.flatMap(r => r.partitions))) {
    const first = from.get(partitionIndex) ?? 0
    for (const batch of records ?? []) {
      if ((batch.attributes & controlBatch) !== 0) continue
      for (const record of batch.records) {
        const offset = Number(batch.firstOffset) + record.offsetDelta
        // A batch comes whole, also when only its end was asked for.
        if (offset < first) continue
        read.push({
          partition: partitionIndex,
          offset,
          timestampMs: Number(batch.firstTimestamp + record.timestampDelta),
          key: record.key?.toString() ?? '',
          value: record.value,
          headers: Object.fromEntries(record.headers.map(([name, value]) => [String(name), String(value)])),
        })
      }
    }
  }
  return read
}

/** The markers of transactions: not records of anybody's. */
const controlBatch = 0x20
