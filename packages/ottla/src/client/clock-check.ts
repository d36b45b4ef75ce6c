/**
 * Whether clocks agree, as far as a cluster tells without being changed: a record from the future was written by a clock that is ahead, or is
 * looked at by one that is behind. Retention and places by time go wrong by it.
 */

import { listOffsets } from '@ottla/protocol'
import type { BrokerConnection } from './broker-connection.ts'
import type { ClusterMetadata } from './cluster.ts'
import type { Note } from './diagnosis.ts'

interface FutureRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** How far its time lies ahead of this machine's clock. */
  readonly aheadMs: number
}

/** Clocks that are kept by NTP, and the way a record takes, differ by less. */
const toleranceMs = 60_000
/** Timestamp with a meaning of its own: the record with the largest one (KIP-734). */
const maxTimestamp = -3
const oldestMaxTimestamp = 7

/** `brokers` by their ids: those that were reached. One finding, or none where no broker can tell. */
export async function noteClocks(
  brokers: ReadonlyMap<number, BrokerConnection>,
  view: ClusterMetadata,
  note: Note,
): Promise<void> {
  const subject = 'clocks'
  try {
    const found = await futureRecords(brokers, view, Date.now())
    if (found === null) return
    const [furthest] = found
    if (furthest === undefined) {
      note({ level: 'ok', subject, what: 'no record is from the future', advice: '' })
      return
    }
    const { topic, partition, offset, aheadMs } = furthest
    const others = found.length === 1 ? '' : `, and ${found.length - 1} more partitions hold such records`
    const what = `${topic}-${partition} holds a record from ${Math.round(aheadMs / 1000)} s in the future (offset ${offset})${others}`
    const advice =
      'Compare the clock of this machine with those of producers and brokers: retention and places by time go by these times'
    note({ level: 'warning', subject, what, advice })
  } catch (error) {
    note({ level: 'warning', subject, what: `can't be compared: ${(error as Error).message}`, advice: '' })
  }
}

/**
 * Of each broker's partitions the record with the largest time, where that is in the future. Null: none of the brokers can tell. Partitions
 * that give an error are passed over.
 */
async function futureRecords(
  brokers: ReadonlyMap<number, BrokerConnection>,
  { topics }: ClusterMetadata,
  nowMs: number,
): Promise<FutureRecord[] | null> {
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, leaderId }) => ({ name: name ?? '', partitionIndex, leaderId })),
  )
  const found: FutureRecord[] = []
  let isTold = false
  for (const [leader, led] of Map.groupBy(places, ({ leaderId }) => leaderId)) {
    const connection = brokers.get(leader)
    if (connection === undefined || connection.versionOf(listOffsets) < oldestMaxTimestamp) continue
    isTold = true
    const byTopic = Map.groupBy(led, ({ name }) => name)
    const answer = await connection.request(listOffsets, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [...byTopic].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: maxTimestamp })),
      })),
    })
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode, offset, timestamp } of partitions) {
        const aheadMs = Number(timestamp) - nowMs
        if (errorCode !== 0 || offset < 0n || aheadMs <= toleranceMs) continue
        found.push({ topic: name, partition: partitionIndex, offset: Number(offset), aheadMs })
      }
    }
  }
  return isTold ? found.sort((a, b) => b.aheadMs - a.aheadMs) : null
}
