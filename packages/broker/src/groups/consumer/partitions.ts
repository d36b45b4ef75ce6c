/** Sets of partitions by topic id: what a member is meant to have, and what it has, with the epoch in which it got each. */

/** Topic id to partitions. A topic without partitions is not in it. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

/** Topic id to partition to the epoch in which the member got it (KIP-1251: older commits of it are not accepted). */
export type OwnedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

/** As messages carry them. */
export interface TopicPartitionsList {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export const noPartitions: ReadonlyMap<string, never> = new Map<string, never>()

export function hasPartition(partitions: PartitionSet | OwnedPartitions, topicId: string, partition: number): boolean {
  return partitions.get(topicId)?.has(partition) ?? false
}

/** Number of partitions over all topics. */
export function countPartitions(partitions: PartitionSet | OwnedPartitions): number {
  let count = 0
  for (const { size } of partitions.values()) count += size
  return count
}

/** Partitions in ascending order, so that equal sets make equal records and answers. */
export function toList(partitions: PartitionSet | OwnedPartitions): { topicId: string; partitions: number[] }[] {
  const list: { topicId: string; partitions: number[] }[] = []
  for (const [topicId, ofTopic] of partitions) {
    list.push({ topicId, partitions: [...ofTopic.keys()].sort(ascending) })
  }
  return list
}

export function fromList(list: readonly TopicPartitionsList[]): PartitionSet {
  const partitions = new Map<string, Set<number>>()
  for (const { topicId, partitions: ofTopic } of list) {
    if (ofTopic.length === 0) continue
    const set = partitions.get(topicId) ?? new Set<number>()
    for (const partition of ofTopic) set.add(partition)
    partitions.set(topicId, set)
  }
  return partitions
}

/** All of them, got in one epoch. */
export function ownedSince(partitions: PartitionSet, epoch: number): OwnedPartitions {
  return new Map(
    Array.from(partitions, ([topicId, ofTopic]) => [
      topicId,
      new Map(Array.from(ofTopic, partition => [partition, epoch])),
    ]),
  )
}

/** Same partitions, whatever the epochs. */
export function samePartitions(a: PartitionSet | OwnedPartitions, b: PartitionSet | OwnedPartitions): boolean {
  if (a.size !== b.size) return false
  for (const [topicId, ofTopic] of a) {
    const others = b.get(topicId)
    if (others === undefined || others.size !== ofTopic.size) return false
    for (const partition of ofTopic.keys()) if (!others.has(partition)) return false
  }
  return true
}

export function isSubset(list: readonly TopicPartitionsList[], of: PartitionSet | OwnedPartitions): boolean {
  return list.every(({ topicId, partitions }) => partitions.every(partition => hasPartition(of, topicId, partition)))
}

/** The partitions of both; no partition may be in both. */
export function unionOwned(a: OwnedPartitions, b: OwnedPartitions): OwnedPartitions {
  if (b.size === 0) return a
  const union = new Map<string, ReadonlyMap<number, number>>(a)
  for (const [topicId, ofTopic] of b) union.set(topicId, new Map([...(union.get(topicId) ?? []), ...ofTopic]))
  return union
}

function ascending(a: number, b: number): number {
  return a - b
}
