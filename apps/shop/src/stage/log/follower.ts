/**
 * Follows the topic `orders` for the browsers that look at it: keeps the last records and tells of new ones. A browser that comes
 * back says which offset it had last in each partition, and gets what it has missed: from memory, or from the log itself.
 *
 *   idle -> following -> idle        the first browser that comes, the last one that goes
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Topic } from '../../contracts/topic.ts'
import type { ClientSettings } from '../../kit/kafka.ts'
import type { StreamedRecord } from './log-types.ts'
import { type LogRecord, RecordReader } from './record-reader.ts'

const waitMs = 1000
const pauseAfterFailureMs = 500
/** What a browser draws of each partition. Whoever has missed more begins anew from here. */
export const keptPerPartition = 400

type Listener = (records: readonly StreamedRecord[]) => void

export class Follower {
  readonly #reader: RecordReader
  readonly #topic: Topic
  readonly #kept = new Map<number, StreamedRecord[]>()
  readonly #listeners = new Set<Listener>()
  #following: AbortController | undefined

  constructor(options: { client: ClientSettings; topic: Topic }) {
    this.#reader = new RecordReader(options.client)
    this.#topic = options.topic
  }

  /**
   * @param after the last offset that the listener has, by partition
   * @returns a function that ends the subscription
   */
  subscribe(listener: Listener, after: ReadonlyMap<number, number>): () => void {
    const missed = [...this.#kept.values()].flat().filter(record => record.offset > (after.get(record.partition) ?? -1))
    if (missed.length > 0) listener(missed)
    this.#listeners.add(listener)
    if (this.#following === undefined) void this.#follow()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#following?.abort()
      this.#following = undefined
      this.#kept.clear()
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#following?.abort()
    await this.#reader.close()
  }

  async #follow(): Promise<void> {
    const following = new AbortController()
    this.#following = following
    while (!following.signal.aborted) {
      try {
        const next = await this.#next()
        const records = await this.#reader.read(this.#topic.name, next, { waitMs })
        if (following.signal.aborted) return
        if (records.length > 0) this.#take(records.map(streamed))
      } catch {
        // The broker is away: the page says so elsewhere, and the log goes on from the same offsets when it is back.
        await delay(pauseAfterFailureMs, undefined, { signal: following.signal }).catch(() => undefined)
      }
    }
  }

  /** Where to read on: behind what is kept, or a screenful before the end. */
  async #next(): Promise<Map<number, number>> {
    const next = new Map<number, number>()
    for (const [partition, records] of this.#kept) {
      const last = records.at(-1)
      if (last !== undefined) next.set(partition, last.offset + 1)
    }
    if (next.size === this.#topic.partitions) return next
    const ends = await this.#reader.ends(this.#topic)
    for (let partition = 0; partition < this.#topic.partitions; partition += 1) {
      const end = ends.get(partition) ?? 0
      if (!next.has(partition)) next.set(partition, Math.max(0, end - keptPerPartition))
    }
    return next
  }

  #take(records: readonly StreamedRecord[]): void {
    for (const record of records) {
      const kept = this.#kept.get(record.partition) ?? []
      kept.push(record)
      if (kept.length > keptPerPartition) kept.shift()
      this.#kept.set(record.partition, kept)
    }
    for (const listener of this.#listeners) listener(records)
  }
}

function streamed(record: LogRecord): StreamedRecord {
  return {
    partition: record.partition,
    offset: record.offset,
    type: record.headers.ce_type ?? '',
    subject: record.headers.ce_subject ?? record.key,
    at: record.timestampMs,
  }
}
