/** How a batch gets from a client to the broker, and what its answer means for the ledger. */

import { errorName, produce } from '@ottla/protocol'
import { type Attempt, recordsOf } from './attempt.ts'
import type { Ledger, TopicLedger } from './ledger.ts'
import type { World } from './world.ts'

const olderCodecs = ['gzip', 'snappy', 'lz4'] as const
const codecs = [...olderCodecs, 'zstd'] as const
/** Produce takes zstd from here on (KIP-110). */
const firstZstdVersion = 7
const firstTopicIdVersion = 13
/** Answers that say for good that nothing was stored. */
const finalRefusals: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'CORRUPT_MESSAGE',
])

export interface Target {
  topic: TopicLedger
  partition: number
}

export interface Sending extends Target {
  attempt: Attempt
  /** Of an idempotent producer, which sends again what was not stored. */
  producer?: { producerId: number; producerEpoch: number; baseSequence: number }
}

export function pickTarget({ random }: World, topics: readonly TopicLedger[]): Target | undefined {
  if (topics.length === 0) return undefined
  const topic = random.pick(topics)
  return { topic, partition: random.below(Math.min(...topic.partitionCount.possible)) }
}

export function newAttemptFor(world: World, ledger: Ledger, topic: TopicLedger, acks: Attempt['acks']): Attempt {
  const { random, time } = world
  return ledger.newAttempt({ random, acks, timestampMs: time.wallMs(), isKeyed: topic.rules.isCompacted })
}

/** Has appended (or failed to) before it returns, so that batches keep their order. Resolves with the partition's error. */
export async function send(world: World, ledger: Ledger, sending: Sending): Promise<string> {
  const { topic, partition, attempt, producer } = sending
  const { random } = world
  const { acks, texts } = attempt
  const { lowest, highestStable } = produce.versions
  const version = topic.isVolatile ? firstTopicIdVersion : random.between(lowest, highestStable)
  const compression = random.chance(0.9) ? 'none' : random.pick(version < firstZstdVersion ? olderCodecs : codecs)
  const records = recordsOf(attempt, { compression, ...producer })
  const by = producer
    ? `, producer ${producer.producerId} epoch ${producer.producerEpoch} sequence ${producer.baseSequence}`
    : ''
  const label = `${topic.name}-${partition} batch ${attempt.id} of ${texts.length} (acks=${acks}${by})`
  world.note(`produce v${version} ${label}`)
  topic.partition(partition).sent(attempt)
  const response = await world.callVersion('producer', produce, version, {
    acks,
    timeoutMs: 30_000,
    topicData: [{ topicId: topic.id!, name: topic.name, partitionData: [{ index: partition, records }] }],
  })
  if (response === null) return 'NONE'
  const answer = response.responses[0]!.partitionResponses[0]!
  const error = errorName(answer.errorCode)
  world.note(
    `  answered ${label}: ${error === 'NONE' ? `offset ${answer.baseOffset}` : `${error} ${answer.errorMessage}`}`,
  )
  if (error === 'NONE') {
    topic.partition(partition).acknowledged(attempt, Number(answer.baseOffset))
    ledger.acknowledgedBatches++
  } else if (finalRefusals.has(error) && producer === undefined) {
    attempt.state = 'refused'
  }
  return error
}
