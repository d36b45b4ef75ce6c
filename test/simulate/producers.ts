/** Clients that write: plain ones that send each batch once, and idempotent ones that send it again until it is answered. */

import { buildRecordBatch, errorName, initProducerId, produce } from '@ottla/protocol'
import type { Ledger, TopicLedger } from './ledger.ts'
import { check } from './ledger.ts'
import type { Attempt } from './partition-ledger.ts'
import type { World } from './world.ts'

const olderCodecs = ['gzip', 'snappy', 'lz4'] as const
const codecs = [...olderCodecs, 'zstd'] as const
/** Produce takes zstd from here on (KIP-110). */
const firstZstdVersion = 7

const acksAll = -1
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
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
])

interface Target {
  topic: TopicLedger
  partition: number
}

/** Outlives the server: what it has not seen answered it sends again to the next one. */
export interface IdempotentProducer {
  readonly name: string
  producerId: number
  readonly sequences: Map<string, number>
  unanswered: (Target & { attempt: Attempt; sequence: number; timestamp: number }) | null
}

export function newIdempotentProducer(name: string): IdempotentProducer {
  return { name, producerId: -1, sequences: new Map(), unanswered: null }
}

export async function producePlainly(world: World, ledger: Ledger, count: number): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(20))
    const target = pickTarget(world, ledger.present())
    if (!target) continue
    const acks = random.pick([-1, -1, -1, 1, 1, 0] as const)
    const attempt = ledger.newAttempt(acks, batchSizes(world))
    const sent = send(world, ledger, { ...target, attempt, timestamp: world.server.services.clock.now() })
    // Now and then the next batch follows without waiting for the answer.
    if (random.chance(0.7)) await sent
    else void sent.catch(() => undefined) // the process has ended: its next life goes on
  }
}

/** One batch with acks=all. Resolves with the partition's error. */
export function produceOnce(world: World, ledger: Ledger, target: Target): Promise<string> {
  const attempt = ledger.newAttempt(acksAll, batchSizes(world))
  return send(world, ledger, { ...target, attempt, timestamp: world.server.services.clock.now() })
}

export async function produceIdempotently(
  world: World,
  ledger: Ledger,
  producer: IdempotentProducer,
  count: number,
): Promise<void> {
  const { random } = world
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(20))
    if (producer.producerId < 0) {
      const answer = await world.call(producer.name, initProducerId, () => ({
        transactionalId: null,
        transactionTimeoutMs: 1000,
      }))
      if (answer.errorCode !== 0) continue
      producer.producerId = Number(answer.producerId)
      ledger.producerIdGiven(producer.producerId)
    }
    if (!producer.unanswered) {
      const target = pickTarget(
        world,
        ledger.present().filter(topic => !topic.isVolatile),
      )
      if (!target) continue
      const attempt = ledger.newAttempt(acksAll, batchSizes(world))
      const sequence = producer.sequences.get(keyOf(target)) ?? 0
      producer.unanswered = { ...target, attempt, sequence, timestamp: world.server.services.clock.now() }
    }
    const { unanswered } = producer
    const error = await send(world, ledger, { ...unanswered, producerId: producer.producerId })
    check(
      error !== 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      () =>
        `producer ${producer.producerId} was refused sequence ${unanswered.sequence} on ${keyOf(unanswered)}, which comes next`,
    )
    if (error === 'KAFKA_STORAGE_ERROR' || error === 'REQUEST_TIMED_OUT') continue
    check(error === 'NONE', () => `producer ${producer.producerId} was answered ${error}`)
    producer.sequences.set(keyOf(unanswered), unanswered.sequence + unanswered.attempt.values.length)
    producer.unanswered = null
  }
}

interface Sending extends Target {
  attempt: Attempt
  timestamp: number
  producerId?: number
  sequence?: number
}

/** Resolves with the partition's error. */
async function send(world: World, ledger: Ledger, sending: Sending): Promise<string> {
  const { topic, partition, attempt, timestamp, producerId, sequence } = sending
  const { random } = world
  const { acks, values } = attempt
  const { lowest, highestStable } = produce.versions
  const version = topic.isVolatile ? firstTopicIdVersion : random.between(lowest, highestStable)
  const producerFields = producerId === undefined ? {} : { producerId, producerEpoch: 0, baseSequence: sequence! }
  const records = buildRecordBatch({
    baseOffset: 0,
    records: values.map(value => ({ timestamp, key: Buffer.from('k'), value: Buffer.from(value), headers: [] })),
    compression: random.chance(0.9) ? 'none' : random.pick(version < firstZstdVersion ? olderCodecs : codecs),
    ...producerFields,
  })
  const label = `${topic.name}-${partition} batch ${attempt.id} of ${values.length} (acks=${acks}${producerId === undefined ? '' : `, producer ${producerId}, sequence ${sequence}`})`
  world.note(`produce v${version} ${label}`)
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
  } else if (finalRefusals.has(error)) {
    attempt.state = 'refused'
  }
  return error
}

function batchSizes({ random }: World): number[] {
  const count = random.chance(0.5) ? 1 : random.between(2, 5)
  const longest = random.weighted({ short: 6, medium: 3, long: 1 })
  const size = { short: 20, medium: 300, long: 1500 }[longest]
  return Array.from({ length: count }, () => random.below(size))
}

export function pickTarget({ random }: World, topics: readonly TopicLedger[]): Target | undefined {
  if (topics.length === 0) return undefined
  const topic = random.pick(topics)
  return { topic, partition: random.below(Math.min(...topic.partitionCount.possible)) }
}

function keyOf({ topic, partition }: Target): string {
  return `${topic.id}-${partition}`
}
