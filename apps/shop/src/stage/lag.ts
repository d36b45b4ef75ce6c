/** What is in the log, and how far each consumer group is behind: asked of the broker, so true also of a service that is down. */
import { Admin, ListOffsetTimestamps } from '@platformatic/kafka'
import { subscriptions } from '../contracts/topics.ts'
import { clientOptions } from '../kit/kafka.ts'

/** `lags`: records not handled, by group. `events`: all that was ever written to the shop's topics. */
export type LogView = { lags: ReadonlyMap<string, number>; events: number }

export class LagReader {
  readonly #brokers: string[]
  #admin: Admin | undefined

  constructor(brokers: string[]) {
    this.#brokers = brokers
  }

  /** Rejects when the broker does not answer. */
  async read(): Promise<LogView> {
    this.#admin ??= new Admin({
      ...clientOptions({ brokers: this.#brokers, clientId: 'stage' }),
      timeout: 2000,
      retries: 0,
    })
    try {
      return await readLag(this.#admin)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.close()
  }
}

async function readLag(admin: Admin): Promise<LogView> {
  const topics = [
    ...new Map(Object.values(subscriptions).flatMap(list => list.map(topic => [topic.name, topic]))).values(),
  ]
  const timestamp = ListOffsetTimestamps.LATEST
  const ends = await admin.listOffsets({
    topics: topics.map(topic => ({
      name: topic.name,
      partitions: Array.from({ length: topic.partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp })),
    })),
  })
  const end = new Map(
    ends.flatMap(t => t.partitions.map(p => [`${t.name}/${p.partitionIndex}`, Number(p.offset)] as const)),
  )
  const groups = await admin.listConsumerGroupOffsets({ groups: Object.keys(subscriptions) })
  const committed = new Map(
    groups.flatMap(g =>
      g.topics.flatMap(t =>
        t.partitions.map(p => [`${g.groupId}/${t.name}/${p.partitionIndex}`, Number(p.committedOffset)] as const),
      ),
    ),
  )
  const lags = new Map<string, number>()
  for (const [group, read] of Object.entries(subscriptions)) {
    let lag = 0
    for (const topic of read) {
      for (let partition = 0; partition < topic.partitions; partition += 1) {
        const at = Math.max(0, committed.get(`${group}/${topic.name}/${partition}`) ?? 0)
        lag += Math.max(0, (end.get(`${topic.name}/${partition}`) ?? 0) - at)
      }
    }
    lags.set(group, lag)
  }
  return { lags, events: [...end.values()].reduce((sum, offset) => sum + offset, 0) }
}
