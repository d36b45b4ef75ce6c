/**
 * What is in the log, and how far each consumer group is behind, in records and in seconds: asked of the broker, so true also of a
 * service that is down.
 */
import { Admin, ListOffsetTimestamps } from '@platformatic/kafka'
import { subscriptions } from '../contracts/topics.ts'
import { clientOptions } from '../kit/kafka.ts'
import { EndsOverTime } from './log/ends-over-time.ts'
import type { GroupPosition, GroupView, LogView, PartitionView } from './log/log-types.ts'
import { RecordReader } from './log/record-reader.ts'

const rememberedTimes = 1000

export class LagReader {
  readonly #brokers: string[]
  readonly #now: () => number
  readonly #ends = new EndsOverTime()
  readonly #reader: RecordReader
  /** `partition@offset` of records older than the first look. */
  readonly #writtenAtMs = new Map<string, number>()
  #admin: Admin | undefined

  /** @param now the wall clock, in milliseconds */
  constructor(brokers: string[], now: () => number = Date.now) {
    this.#brokers = brokers
    this.#now = now
    this.#reader = new RecordReader({ brokers, clientId: 'stage-lag' })
  }

  /** Rejects when the broker does not answer. */
  async read(): Promise<LogView> {
    this.#admin ??= new Admin({
      ...clientOptions({ brokers: this.#brokers, clientId: 'stage' }),
      timeout: 2000,
      retries: 0,
    })
    try {
      const topics = await readTopics(this.#admin)
      const positions = await readPositions(this.#admin)
      const ends = new Map<string, number>()
      for (const { topic, partitions } of topics) {
        for (const { partition, end } of partitions) {
          ends.set(`${topic}/${partition}`, end)
          this.#ends.add(`${topic}/${partition}`, end, this.#now())
        }
      }
      const groups = await Promise.all([...positions].map(([group, list]) => this.#group(group, list, ends)))
      const events = [...ends.values()].reduce((sum, end) => sum + end, 0)
      return { topics, groups, events }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await Promise.all([admin?.close(), this.#reader.close()])
  }

  async #group(group: string, positions: GroupPosition[], ends: ReadonlyMap<string, number>): Promise<GroupView> {
    const behind = positions.filter(({ topic, partition, offset }) => offset < (ends.get(`${topic}/${partition}`) ?? 0))
    const lag = behind.reduce(
      (sum, { topic, partition, offset }) => sum + (ends.get(`${topic}/${partition}`) ?? 0) - offset,
      0,
    )
    const since = await Promise.all(behind.map(position => this.#oldestAtMs(position)))
    const known = since.filter(atMs => atMs !== undefined)
    const lagSeconds = known.length < since.length ? null : Math.max(0, ...known.map(at => this.#now() - at)) / 1000
    return { group, positions, lag, lagSeconds }
  }

  async #oldestAtMs({ topic, partition, offset }: GroupPosition): Promise<number | undefined> {
    const seen = this.#ends.seenAtMs(`${topic}/${partition}`, offset)
    if (seen !== undefined) return seen
    const id = `${topic}/${partition}@${offset}`
    const known = this.#writtenAtMs.get(id)
    if (known !== undefined) return known
    const [oldest] = await this.#reader.read(topic, new Map([[partition, offset]]), { waitMs: 0 })
    if (oldest === undefined) return undefined
    if (this.#writtenAtMs.size >= rememberedTimes) this.#writtenAtMs.clear()
    this.#writtenAtMs.set(id, oldest.timestampMs)
    return oldest.timestampMs
  }
}

async function readTopics(admin: Admin): Promise<LogView['topics']> {
  const read = [...new Map(Object.values(subscriptions).flatMap(list => list.map(topic => [topic.name, topic])))]
  const ask = async (timestamp: bigint) => {
    const listed = await admin.listOffsets({
      topics: read.map(([name, { partitions }]) => ({
        name,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp })),
      })),
    })
    return new Map<string, number>(
      listed.flatMap(t => t.partitions.map(p => [`${t.name}/${p.partitionIndex}`, Number(p.offset)] as const)),
    )
  }
  const [starts, ends] = await Promise.all([ask(ListOffsetTimestamps.EARLIEST), ask(ListOffsetTimestamps.LATEST)])
  return read.map(([topic, { partitions }]) => ({
    topic,
    partitions: Array.from({ length: partitions }, (_, partition): PartitionView => {
      const id = `${topic}/${partition}` as const
      return { partition, start: starts.get(id) ?? 0, end: ends.get(id) ?? 0 }
    }),
  }))
}

/** Of every group, also of one that has committed nothing: it stands at the beginning. */
async function readPositions(admin: Admin): Promise<Map<string, GroupPosition[]>> {
  const groups = await admin.listConsumerGroupOffsets({ groups: Object.keys(subscriptions) })
  const committed = new Map(
    groups.flatMap(g =>
      g.topics.flatMap(t =>
        t.partitions.map(p => [`${g.groupId}/${t.name}/${p.partitionIndex}`, Number(p.committedOffset)] as const),
      ),
    ),
  )
  return new Map(
    Object.entries(subscriptions).map(([group, topics]) => [
      group,
      topics.flatMap(topic =>
        Array.from({ length: topic.partitions }, (_, partition) => ({
          topic: topic.name,
          partition,
          offset: Math.max(0, committed.get(`${group}/${topic.name}/${partition}`) ?? 0),
        })),
      ),
    ]),
  )
}
