/** Records of a topic, read and written without a group: whole batches from and to the leaders of its partitions. */

import {
  buildRecordBatch,
  type Compression,
  fetch,
  produce,
  RecordBatch,
  type Response,
  recordBatches,
  type Record as StoredRecord,
} from '@ottla/protocol'
import { type Cluster, type ClusterTopic, check } from './cluster.ts'

export interface ReadRecord {
  readonly partition: number
  readonly record: StoredRecord
}

const fetchBytes = 4 * 1024 * 1024
const maxWaitMs = 500
const maxDecompressedBytes = 256 * 1024 * 1024

export interface ReadOptions {
  readonly topic: ClusterTopic
  /** Where each partition is read from. */
  readonly from: ReadonlyMap<number, number>
  /** Ends (exclusive) of partitions; without one, what comes later is read, too. */
  readonly until: ReadonlyMap<number, number> | null
  readonly isReadCommitted: boolean
  readonly signal: AbortSignal
}

/**
 * In the order of offsets within a partition. Ends when all is read or the signal aborts. One request for each leader and round, so that
 * a topic of many quiet partitions is no slower than one of a single one.
 */
export async function* readTopic(cluster: Cluster, options: ReadOptions): AsyncIterable<ReadRecord> {
  const { from, until, isReadCommitted, signal } = options
  let { topic } = options
  const next = new Map(from)
  const isDone = (partition: number): boolean => until !== null && next.get(partition)! >= until.get(partition)!
  while (!signal.aborted) {
    const open = [...next.keys()].filter(partition => !isDone(partition))
    if (open.length === 0) return
    const rounds = await cluster.retrying(async () => {
      try {
        const byLeader = Map.groupBy(open, partition => topic.partitions[partition]?.leader ?? -1)
        return await Promise.all(
          [...byLeader].map(([nodeId, partitions]) => {
            const places = partitions.map(partition => ({ partition, offset: next.get(partition)! }))
            return fetchFrom(cluster, nodeId, { topic, places, isReadCommitted })
          }),
        )
      } catch (error) {
        topic = await cluster.topic(topic.name) // whoever leads now
        throw error
      }
    })
    for (const { partition, records, nextOffset } of rounds.flat()) {
      for (const record of records) {
        if (signal.aborted) return
        if (until !== null && record.offset >= until.get(partition)!) break
        yield { partition, record }
      }
      next.set(partition, nextOffset)
    }
  }
}

interface FetchedRecords {
  readonly partition: number
  readonly records: readonly StoredRecord[]
  readonly nextOffset: number
}

type FetchedPartition = Response<typeof fetch>['responses'][number]['partitions'][number]

interface FetchRequest {
  readonly topic: ClusterTopic
  readonly places: readonly { partition: number; offset: number }[]
  readonly isReadCommitted: boolean
}

async function fetchFrom(
  cluster: Cluster,
  nodeId: number,
  { topic, places, isReadCommitted }: FetchRequest,
): Promise<FetchedRecords[]> {
  const { errorCode, responses } = await cluster.node(nodeId, fetch, {
    maxWaitMs,
    minBytes: 1,
    maxBytes: fetchBytes,
    isolationLevel: isReadCommitted ? 1 : 0,
    sessionEpoch: -1,
    topics: [
      {
        topic: topic.name,
        topicId: topic.id,
        partitions: places.map(({ partition, offset }) => ({
          partition,
          fetchOffset: offset,
          partitionMaxBytes: fetchBytes,
        })),
      },
    ],
    forgottenTopicsData: [],
  })
  check(errorCode)
  const answers = responses.flatMap(({ partitions }) => partitions)
  return places.map(({ partition, offset }) => {
    const answer = answers.find(({ partitionIndex }) => partitionIndex === partition)
    if (answer === undefined) return { partition, records: [], nextOffset: offset }
    check(answer.errorCode)
    return { partition, ...visibleRecords(answer, offset) }
  })
}

function visibleRecords(
  { records: bytes, abortedTransactions }: FetchedPartition,
  fromOffset: number,
): Omit<FetchedRecords, 'partition'> {
  const records: StoredRecord[] = []
  let nextOffset = fromOffset
  // A transaction that was aborted reaches from its first offset to its producer's marker (KIP-98).
  const waiting = (abortedTransactions ?? []).toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborted = new Set<number>()
  for (const batch of recordBatches(wholeBatches(bytes ?? Buffer.alloc(0)))) {
    nextOffset = batch.nextOffset
    while (waiting[0] !== undefined && Number(waiting[0].firstOffset) <= batch.lastOffset) {
      aborted.add(Number(waiting.shift()!.producerId))
    }
    if (batch.isControl) aborted.delete(batch.producerId)
    else if (!(batch.isTransactional && aborted.has(batch.producerId))) {
      for (const record of batch.records({ maxDecompressedBytes })) {
        if (record.offset >= fromOffset) records.push(record)
      }
    }
  }
  return { records, nextOffset }
}

/** A broker may cut the last batch where the answer is full. */
function wholeBatches(bytes: Buffer): Buffer {
  let end = 0
  while (bytes.length - end >= RecordBatch.overheadBytes) {
    const { sizeInBytes } = new RecordBatch(bytes, end)
    if (sizeInBytes > bytes.length - end) break
    end += sizeInBytes
  }
  return bytes.subarray(0, end)
}

export interface RecordToProduce {
  readonly partition: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { key: string; value: Buffer | null }[]
}

/** One batch for each partition, stored by all replicas when it resolves; resolves with the offset of each record, in their order. */
export async function produceRecords(
  cluster: Cluster,
  topic: ClusterTopic,
  { records, compression }: { records: readonly RecordToProduce[]; compression: Compression },
): Promise<{ partition: number; offset: number }[]> {
  const byPartition = Map.groupBy(records, ({ partition }) => partition)
  const bases = new Map<number, number>()
  const stored = [...byPartition].map(async ([partition, ofPartition]) => {
    const batch = buildRecordBatch({ baseOffset: 0, compression, records: ofPartition })
    const { responses } = await cluster.leader({ topic: topic.name, partition }, produce, {
      body: {
        transactionalId: null,
        acks: -1,
        timeoutMs: cluster.timeoutMs,
        topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index: partition, records: batch }] }],
      },
      errorCodeOf: ({ responses }) => responses[0]!.partitionResponses[0]!.errorCode,
    })
    bases.set(partition, Number(responses[0]!.partitionResponses[0]!.baseOffset))
  })
  await Promise.all(stored)
  return records.map(({ partition }) => {
    const offset = bases.get(partition)!
    bases.set(partition, offset + 1)
    return { partition, offset }
  })
}
