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

export class CommittedOffsets {
  readonly #byTopic = new Map<string, Map<number, CommittedOffset>>()

  get isEmpty(): boolean {
    return this.#byTopic.size === 0
  }

  get topics(): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#byTopic
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, offset: CommittedOffset): void {
    let partitions = this.#byTopic.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#byTopic.set(topic, partitions)
    }
    partitions.set(partition, offset)
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#byTopic.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) this.#byTopic.delete(topic)
  }
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
