/** Offsets of partitions, by what a person says: the beginning, the end, a time. */

import { listOffsets } from '@ottla/protocol'
import type { Cluster } from './cluster.ts'

interface Partition {
  readonly topic: string
  readonly partition: number
}

/** Timestamps with a meaning of their own (ListOffsets). */
export const offsetAt = { end: -1, beginning: -2 } as const

/** The first offset at the time (ms) or later; the end where there is none. Or one of `offsetAt`. */
export async function offsetOf(cluster: Cluster, place: Partition, timestamp: number): Promise<number> {
  const { topic, partition } = place
  const ask = async (timestamp: number): Promise<number> => {
    const { topics } = await cluster.leader(place, listOffsets, {
      body: {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
      },
      errorCodeOf: ({ topics }) => topics[0]!.partitions[0]!.errorCode,
    })
    return Number(topics[0]!.partitions[0]!.offset)
  }
  const offset = await ask(timestamp)
  return offset >= 0 ? offset : ask(offsetAt.end)
}

/** By `topic/partition`. A partition that is gone is left out. */
export async function endOffsets(cluster: Cluster, partitions: readonly Partition[]): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  const known = new Set((await cluster.topics()).map(({ name }) => name))
  await Promise.all(
    partitions
      .filter(({ topic }) => known.has(topic))
      .map(async place => {
        ends.set(`${place.topic}/${place.partition}`, await offsetOf(cluster, place, offsetAt.end))
      }),
  )
  return ends
}
