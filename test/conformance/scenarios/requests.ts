/** Requests in the shape that most scenarios need. Both ways of naming a topic are filled in: the version picks its own. */
import { buildRecordBatch, type fetch, type produce, type RecordBatchInput, type RequestInput } from '@ottla/protocol'

/** Records carry times of their own, far from now, so that answers with times can be compared. */
export const firstTimestamp = 1_700_000_000_000
export const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
/** An id that no broker has given to a topic. */
export const strangeId = 'c3RyYW5nZSB0b3BpYyBpZA'

export interface TopicReference {
  readonly name: string
  readonly id: string
}

export type BatchOptions = Partial<Omit<RecordBatchInput, 'records'>> & {
  /** Of the first record; each further one is a second later. */
  timestamp?: number
}

/** A batch with one record for each value: keys `k0`, `k1` …, a second between them. */
export function batch(
  values: readonly (string | null)[],
  { timestamp = firstTimestamp, ...options }: BatchOptions = {},
): Buffer {
  return buildRecordBatch({
    baseOffset: 0,
    records: values.map((value, index) => ({
      timestamp: timestamp + index * 1_000,
      key: Buffer.from(`k${index}`),
      value: value === null ? null : Buffer.from(value),
      headers: [],
    })),
    ...options,
  })
}

export interface ProduceOptions {
  readonly acks?: number
  readonly partition?: number
  readonly timeoutMs?: number
  readonly transactionalId?: string | null
}

export function produceRequest(
  topic: TopicReference,
  records: Buffer | null,
  { acks = -1, partition = 0, timeoutMs = 15_000, transactionalId = null }: ProduceOptions = {},
): RequestInput<typeof produce> {
  return {
    transactionalId,
    acks,
    timeoutMs,
    topicData: [{ topicId: topic.id, name: topic.name, partitionData: [{ index: partition, records }] }],
  }
}

export interface FetchPartition {
  readonly topic: TopicReference
  readonly partition?: number
  readonly offset?: number | bigint
  readonly maxBytes?: number
  readonly leaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

export type FetchOptions = Partial<Omit<RequestInput<typeof fetch>, 'topics' | 'forgottenTopicsData'>> & {
  forgotten?: readonly { topic: TopicReference; partitions: readonly number[] }[]
}

/** Answered at once whatever there is, unless the options say otherwise. */
export function fetchRequest(
  partitions: readonly FetchPartition[],
  options: FetchOptions = {},
): RequestInput<typeof fetch> {
  const { forgotten = [], ...rest } = options
  return {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel: 0,
    ...rest,
    topics: partitions.map(
      ({ topic, partition = 0, offset = 0, maxBytes = 1_048_576, leaderEpoch = -1, lastFetchedEpoch = -1 }) => ({
        topicId: topic.id,
        topic: topic.name,
        partitions: [
          {
            partition,
            fetchOffset: offset,
            partitionMaxBytes: maxBytes,
            currentLeaderEpoch: leaderEpoch,
            lastFetchedEpoch,
          },
        ],
      }),
    ),
    forgottenTopicsData: forgotten.map(({ topic, partitions }) => ({
      topicId: topic.id,
      topic: topic.name,
      partitions,
    })),
  }
}
