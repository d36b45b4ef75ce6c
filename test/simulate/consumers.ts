/** Clients that read. Whatever they are shown is a promise from then on. */

import { errorName, fetch, listOffsets, RecordBatch, recordBatches } from '@ottla/protocol'
import type { Ledger, TopicLedger } from './ledger.ts'
import { check } from './ledger.ts'
import { pickTarget } from './sending.ts'
import type { World } from './world.ts'

const earliest = -2n
const latest = -1n
const firstTopicIdVersion = 13
/** Since then a fetch answers the log start offset. */
const firstLogStartVersion = 5

export interface FetchedPartition {
  error: string
  batches: RecordBatch[]
  highWatermark: number
  logStartOffset: number
}

export interface Fetching {
  topic: TopicLedger
  partition: number
  fromOffset: number
  maxBytes: number
  maxWaitMs: number
}

/** One fetch without a session. */
export async function fetchOnce(
  world: World,
  { topic, partition, fromOffset, maxBytes, maxWaitMs }: Fetching,
): Promise<FetchedPartition> {
  const from = topic.isVolatile ? firstTopicIdVersion : firstLogStartVersion
  const response = await world.call(
    'consumer',
    fetch,
    () => ({
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: world.random.below(2),
      topics: [
        {
          topicId: topic.id!,
          topic: topic.name,
          partitions: [{ partition, fetchOffset: fromOffset, partitionMaxBytes: maxBytes }],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    }),
    { from },
  )
  const answer = response.responses[0]!.partitions[0]!
  const batches = [...recordBatches(answer.records ?? Buffer.alloc(0))].map(
    batch => new RecordBatch(Buffer.from(batch.buffer.subarray(batch.position, batch.position + batch.sizeInBytes)), 0),
  )
  const { highWatermark, logStartOffset } = answer
  return {
    error: errorName(answer.errorCode),
    batches,
    highWatermark: Number(highWatermark),
    logStartOffset: Number(logStartOffset),
  }
}

/** Earliest or latest offset, with the error as a name. */
export async function offsetOf(world: World, topic: TopicLedger, partition: number, which: 'earliest' | 'latest') {
  const response = await world.call(
    'consumer',
    listOffsets,
    () => ({
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        {
          name: topic.name,
          partitions: [{ partitionIndex: partition, timestamp: which === 'earliest' ? earliest : latest }],
        },
      ],
      timeoutMs: 1000,
    }),
    { from: 4 },
  )
  const answer = response.topics[0]!.partitions[0]!
  return { error: errorName(answer.errorCode), offset: Number(answer.offset), leaderEpoch: answer.leaderEpoch }
}

export async function consume(world: World, ledger: Ledger, count: number): Promise<void> {
  const { random } = world
  let position: { topic: TopicLedger; partition: number; offset: number } | undefined
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(30))
    if (!position || random.chance(0.3)) {
      const target = pickTarget(world, ledger.present())
      if (!target) continue
      const { logStartOffset, highWatermark } = target.topic.partition(target.partition)
      position = { ...target, offset: random.between(logStartOffset, Math.max(logStartOffset, highWatermark)) }
    }
    const { topic, partition, offset } = position
    if (topic.state !== 'present') {
      position = undefined
      continue
    }
    const promises = topic.partition(partition)
    const { highWatermark, logStartOffset } = promises
    const maxBytes = random.pick([1, 500, 5000, 1_000_000])
    const fetched = await fetchOnce(world, {
      topic,
      partition,
      fromOffset: offset,
      maxBytes,
      maxWaitMs: random.pick([0, 10, 500]),
    })
    if (fetched.error !== 'NONE') {
      world.note(`fetch ${topic.name}-${partition} from ${offset}: ${fetched.error}`)
      position = undefined
      continue
    }
    promises.observedOffsets(fetched, { highWatermark, logStartOffset })
    for (const batch of fetched.batches) {
      check(
        batch.isCrcValid(),
        () => `${promises.label}: a consumer got a batch at ${batch.baseOffset} that does not fit its CRC`,
      )
      check(
        batch.baseOffset < fetched.highWatermark,
        () =>
          `${promises.label}: a consumer got offset ${batch.baseOffset}, the high watermark is ${fetched.highWatermark}`,
      )
      promises.seen(batch)
      position.offset = batch.nextOffset
    }
    if (fetched.batches.length > 0) {
      world.note(
        `fetch ${topic.name}-${partition} from ${offset}: up to ${position.offset}, high watermark ${fetched.highWatermark}`,
      )
    }
  }
}
