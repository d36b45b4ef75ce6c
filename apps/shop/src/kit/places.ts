/** Where the log put each record of a batch: the client only says where each partition's part begins. */
import type { Position } from './position.ts'

/**
 * @param batch.partitions the partitioner's number for each record, before it is reduced to a partition
 * @param batch.bases the first offset of each partition's part
 */
export function placesOf(batch: {
  topics: readonly string[]
  partitions: readonly number[]
  partitionCounts: ReadonlyMap<string, number>
  bases: readonly { topic: string; partition: number; offset: bigint }[]
}): Position[] {
  const next = new Map(batch.bases.map(base => [`${base.topic}/${base.partition}`, Number(base.offset)]))
  return batch.topics.map((topic, index) => {
    const partition = (batch.partitions[index] ?? 0) % (batch.partitionCounts.get(topic) ?? 1)
    const key = `${topic}/${partition}`
    const offset = next.get(key)
    if (offset === undefined) throw new Error(`the log did not say where it put the records of ${key}`)
    next.set(key, offset + 1)
    return { topic, partition, offset }
  })
}
