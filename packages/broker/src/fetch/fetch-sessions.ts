/**
 * Fetch sessions (KIP-227): a consumer names its partitions once, then only what changes; the server remembers the rest and
 * answers only with partitions that have news.
 *
 *   epoch 0    full fetch, begins a session (its id in the answer; 0 when the cache is full, which is not an error)
 *   epoch n    incremental fetch; must be one above the last, after 2^31-1 comes 1
 *   epoch -1   full fetch without a session; ends the one it names
 *
 * The cache is bounded by `max.incremental.fetch.session.cache.slots`. A session gives way when it has not been used for two
 * minutes, or when it is two minutes old and smaller than the new one.
 */

import { KafkaError } from '@ottla/protocol'

/** One partition that a fetch asks for, by topic id (v13+) or by name. */
export interface FetchTarget {
  readonly topicId: string
  readonly topic: string
  readonly partition: number
  currentLeaderEpoch: number
  fetchOffset: number
  lastFetchedEpoch: number
  maxBytes: number
}

/** What the client was told last of a partition: news is what differs from it. */
export interface SessionPartition extends FetchTarget {
  sentHighWatermark: number
  sentLogStartOffset: number
}

export const newPartition = (target: FetchTarget): SessionPartition => ({
  ...target,
  sentHighWatermark: -1,
  sentLogStartOffset: -1,
})

/** The least time that a session is safe from being given up for another. */
const evictionMs = 120_000
const maxEpoch = 2 ** 31 - 1

export class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly createdMs: number
  lastUsedMs: number
  /** What the next request must carry. */
  nextEpoch = 1
  /** In the order in which they are answered: those that gave records go to the end, so that each has its turn. */
  readonly partitions = new Map<string, SessionPartition>()

  constructor({ id, usesTopicIds, nowMs }: { id: number; usesTopicIds: boolean; nowMs: number }) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.createdMs = nowMs
    this.lastUsedMs = nowMs
  }

  /** Takes over what an incremental request changes. */
  update({ targets, forgotten }: { targets: Iterable<FetchTarget>; forgotten: Iterable<string> }): void {
    for (const key of forgotten) this.partitions.delete(key)
    for (const target of targets) {
      const known = this.partitions.get(keyOf(target))
      if (known === undefined) {
        this.partitions.set(keyOf(target), newPartition(target))
        continue
      }
      known.currentLeaderEpoch = target.currentLeaderEpoch
      known.fetchOffset = target.fetchOffset
      known.lastFetchedEpoch = target.lastFetchedEpoch
      known.maxBytes = target.maxBytes
    }
  }

  moveToEnd(partition: SessionPartition): void {
    const key = keyOf(partition)
    if (this.partitions.delete(key)) this.partitions.set(key, partition)
  }
}

/** A partition's key within one session, all of whose topics are named in the same way. */
export function keyOf({ topicId, topic, partition }: Pick<FetchTarget, 'topicId' | 'topic' | 'partition'>): string {
  return `${topicId}/${topic}/${partition}`
}

export interface FetchSessionsOptions {
  readonly maxSessions: number
  readonly nowMs: () => number
  /** A random integer from 1 to 2^31-1: ids must not be guessable by counting, since any client may name any. */
  readonly randomId: () => number
}

export class FetchSessions {
  readonly #options: FetchSessionsOptions
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()

  constructor(options: FetchSessionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sessions.size
  }

  /**
   * The session of an incremental fetch, moved on to its next epoch.
   * Throws KafkaError FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
   */
  resume({ id, epoch, usesTopicIds }: { id: number; epoch: number; usesTopicIds: boolean }): FetchSession {
    const session = this.#sessions.get(id)
    if (session === undefined) throw new KafkaError('FETCH_SESSION_ID_NOT_FOUND', `No fetch session ${id}`)
    if (epoch !== session.nextEpoch) {
      throw new KafkaError(
        'INVALID_FETCH_SESSION_EPOCH',
        `Fetch session ${id} expects epoch ${session.nextEpoch}, not ${epoch}`,
      )
    }
    if (usesTopicIds !== session.usesTopicIds) {
      throw new KafkaError('FETCH_SESSION_TOPIC_ID_ERROR', `Fetch session ${id} names its topics in another way`)
    }
    session.nextEpoch = session.nextEpoch === maxEpoch ? 1 : session.nextEpoch + 1
    session.lastUsedMs = this.#options.nowMs()
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    return session
  }

  /** A new session of so many partitions, or null if there is no room. */
  create({ size, usesTopicIds }: { size: number; usesTopicIds: boolean }): FetchSession | null {
    const { maxSessions, nowMs, randomId } = this.#options
    if (maxSessions === 0) return null
    if (this.#sessions.size >= maxSessions && !this.#makeRoom(size)) return null
    let id = randomId()
    while (this.#sessions.has(id)) id = randomId()
    const session = new FetchSession({ id, usesTopicIds, nowMs: nowMs() })
    this.#sessions.set(id, session)
    return session
  }

  /** What a session is of, for onlookers: none where there is no such session. Changes nothing. */
  partitionsOf(id: number): Iterable<FetchTarget> {
    return this.#sessions.get(id)?.partitions.values() ?? []
  }

  remove(id: number): void {
    this.#sessions.delete(id)
  }

  #makeRoom(size: number): boolean {
    const nowMs = this.#options.nowMs()
    const [oldest] = this.#sessions.values()
    if (oldest !== undefined && nowMs - oldest.lastUsedMs > evictionMs) return this.#sessions.delete(oldest.id)
    let smallest: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (nowMs - session.createdMs <= evictionMs) continue
      if (smallest === undefined || session.partitions.size < smallest.partitions.size) smallest = session
    }
    return smallest !== undefined && smallest.partitions.size < size && this.#sessions.delete(smallest.id)
  }
}
