/** The offsets that one group has committed, and when they are too old to keep. What is here is durable; what is in flight is not here. */

import type { ClassicGroup } from './classic-group.ts'
import type { ConsumerGroup } from './consumer/consumer-group.ts'

export interface CommittedOffset {
  /** As the client sent it: the coordinator gives it no meaning, so any int64 comes back exactly. */
  offset: bigint
  /** Leader epoch of the last record read, -1 when the client did not say (KIP-320). */
  leaderEpoch: number
  metadata: string
  /** Wall clock, milliseconds since the epoch. */
  commitTimestampMs: number
  /** Set by clients that ask for a retention of their own (OffsetCommit v2 to v4), null otherwise. */
  expireTimestampMs: number | null
  /** Id of the topic that was meant; null in records that older servers wrote. A topic of the same name that was created later is another one. */
  topicId: string | null
}

export interface StoredOffset extends CommittedOffset {
  /** Where the record stands in the log: of two that a transaction has mixed up, the later one counts. */
  readonly logOffset: number
}

export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: StoredOffset
}

export class CommittedOffsets {
  readonly #byTopic = new Map<string, Map<number, StoredOffset>>()
  /** By producer, then by topic and partition: the last one of each in its open transaction. */
  readonly #pending = new Map<number, Map<string, PartitionOffset>>()

  /** Nothing counts, and nothing waits for its transaction. */
  get isEmpty(): boolean {
    return this.#byTopic.size === 0 && this.#pending.size === 0
  }

  get topics(): ReadonlyMap<string, ReadonlyMap<number, StoredOffset>> {
    return this.#byTopic
  }

  get(topic: string, partition: number): StoredOffset | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, offset: StoredOffset): void {
    let partitions = this.#byTopic.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#byTopic.set(topic, partitions)
    }
    partitions.set(partition, offset)
  }

  /** Also what waits for its transaction. */
  delete(topic: string, partition: number): void {
    const partitions = this.#byTopic.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) this.#byTopic.delete(topic)
    for (const [producerId, pending] of this.#pending) {
      pending.delete(keyOf(topic, partition))
      if (pending.size === 0) this.#pending.delete(producerId)
    }
  }

  setPending(producerId: number, pending: PartitionOffset): void {
    let ofProducer = this.#pending.get(producerId)
    if (ofProducer === undefined) {
      ofProducer = new Map()
      this.#pending.set(producerId, ofProducer)
    }
    ofProducer.set(keyOf(pending.topic, pending.partition), pending)
  }

  /** Whether it is not decided yet what the group has committed: a transaction is open. */
  isPending(topic: string, partition: number): boolean {
    const key = keyOf(topic, partition)
    for (const ofProducer of this.#pending.values()) if (ofProducer.has(key)) return true
    return false
  }

  /** What counts. */
  *all(): Iterable<PartitionOffset> {
    for (const [topic, partitions] of this.#byTopic) {
      for (const [partition, offset] of partitions) yield { topic, partition, offset }
    }
  }

  /** What waits for transactions. */
  *pending(): Iterable<PartitionOffset> {
    for (const ofProducer of this.#pending.values()) yield* ofProducer.values()
  }

  /** What was committed elsewhere since stays: it is the later word. */
  endTransaction(producerId: number, result: 'commit' | 'abort'): void {
    const ofProducer = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (ofProducer === undefined || result === 'abort') return
    for (const { topic, partition, offset } of ofProducer.values()) {
      const present = this.get(topic, partition)
      if (present === undefined || present.logOffset < offset.logOffset) this.set(topic, partition, offset)
    }
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/**
 * From when on the retention of an offset counts (KIP-211), or null when the group keeps all of its offsets:
 * while the group has members, only topics that nobody reads any more grow old; once it is empty, from that moment;
 * a group that never had members, from the commit. Of a consumer group (KIP-848) every offset that nobody reads grows old by itself.
 */
function retentionStartMs(group: ClassicGroup | ConsumerGroup, topic: string, offset: CommittedOffset): number | null {
  if (group.type === 'consumer') return group.isSubscribedTo(topic) ? null : offset.commitTimestampMs
  if (group.protocolType === null) return offset.commitTimestampMs
  if (group.state === 'Empty') return group.stateTimestampMs ?? offset.commitTimestampMs
  if (group.state === 'Stable' && group.usesConsumerProtocol && group.subscribedTopics !== null) {
    return group.isSubscribedTo(topic) ? null : offset.commitTimestampMs
  }
  return null
}

export function isExpired(options: {
  group: ClassicGroup | ConsumerGroup
  topic: string
  offset: CommittedOffset
  nowMs: number
  retentionMs: number
}): boolean {
  const { group, topic, offset, nowMs, retentionMs } = options
  const startMs = retentionStartMs(group, topic, offset)
  if (startMs === null) return false
  return offset.expireTimestampMs === null ? nowMs - startMs >= retentionMs : nowMs >= offset.expireTimestampMs
}
