/**
 * Clients that write with sequence numbers, up to five batches of a partition in flight, and send again whatever is not answered, in
 * order: to the same process, or to the one after it. However often a batch is sent, it is stored once and in its place.
 */

import { initProducerId } from '@ottla/protocol'
import type { Attempt } from './attempt.ts'
import { check, type Ledger } from './ledger.ts'
import { newAttemptFor, pickTarget, send, type Target } from './sending.ts'
import type { World } from './world.ts'

const acksAll = -1
/** As many batches of a producer as a broker remembers. */
const maxInFlight = 5
/** A client sends again after these. */
const retriable: ReadonlySet<string> = new Set(['KAFKA_STORAGE_ERROR', 'REQUEST_TIMED_OUT'])

interface Unanswered {
  attempt: Attempt
  baseSequence: number
}

interface Stream extends Target {
  nextSequence: number
  /** Oldest first. */
  unanswered: Unanswered[]
}

/** Outlives the server. */
export interface IdempotentProducer {
  readonly name: string
  producerId: number
  producerEpoch: number
  streams: Stream[]
}

export function newIdempotentProducer(name: string): IdempotentProducer {
  return { name, producerId: -1, producerEpoch: 0, streams: [] }
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
    if (producer.producerId < 0 && !(await getProducerId(world, ledger, producer))) continue
    const stream =
      producer.streams.find(({ unanswered }) => unanswered.length > 0 && random.chance(0.8)) ??
      pickStream(world, ledger, producer)
    if (!stream) continue
    const room = maxInFlight - stream.unanswered.length
    const more = Math.min(room, random.chance(0.5) ? 1 : random.between(1, maxInFlight))
    for (let n = 0; n < more; n++) {
      const attempt = newAttemptFor(world, ledger, stream.topic, acksAll)
      stream.unanswered.push({ attempt, baseSequence: stream.nextSequence })
      stream.nextSequence += attempt.texts.length
    }
    await sendAll(world, ledger, producer, stream)
    if (random.chance(0.05)) beginEpoch(producer)
  }
}

async function getProducerId(world: World, ledger: Ledger, producer: IdempotentProducer): Promise<boolean> {
  const request = { transactionalId: null, transactionTimeoutMs: 1000 }
  const { errorCode, producerId } = await world.call(producer.name, initProducerId, () => request)
  if (errorCode !== 0) return false
  producer.producerId = Number(producerId)
  ledger.producerIdGiven(producer.producerId)
  return true
}

function pickStream(world: World, ledger: Ledger, producer: IdempotentProducer): Stream | undefined {
  const lasting = ledger.present().filter(topic => !topic.isVolatile)
  const target = pickTarget(world, lasting)
  if (!target) return undefined
  const known = producer.streams.find(
    ({ topic, partition }) => topic === target.topic && partition === target.partition,
  )
  if (known) return known
  const stream = { ...target, nextSequence: 0, unanswered: [] }
  producer.streams.push(stream)
  return stream
}

/** Everything that is not answered, back to back and in order. */
async function sendAll(world: World, ledger: Ledger, producer: IdempotentProducer, stream: Stream): Promise<void> {
  const { producerId, producerEpoch } = producer
  const { topic, partition } = stream
  const inFlight = stream.unanswered.slice()
  const errors = await Promise.all(
    inFlight.map(async ({ attempt, baseSequence }) => {
      const sending = { topic, partition, attempt, producer: { producerId, producerEpoch, baseSequence } }
      const error = await send(world, ledger, sending)
      // At once: the process may end before the next one is answered, and never is an answered one sent again.
      if (error === 'NONE') stream.unanswered = stream.unanswered.filter(waiting => waiting.attempt !== attempt)
      return error
    }),
  )
  for (const [i, error] of errors.entries()) {
    if (error === 'NONE' || retriable.has(error)) continue
    // Behind one that was not stored the next one is out of order, and only there.
    const failedBefore = errors.slice(0, i).some(before => before !== 'NONE')
    check(
      failedBefore && error === 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      () =>
        `${topic.name}-${partition}: producer ${producerId} was answered ${error} for sequence ${inFlight[i]!.baseSequence}`,
    )
  }
}

/** As a client does that begins anew (KIP-360): sequences count from 0 again. */
function beginEpoch(producer: IdempotentProducer): void {
  if (producer.streams.some(({ unanswered }) => unanswered.length > 0)) return
  producer.producerEpoch++
  producer.streams = []
}
