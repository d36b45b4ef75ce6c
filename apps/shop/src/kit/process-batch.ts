/**
 * What happens to a batch of records: decode, react, store the effects. Each class of failure has its answer:
 *
 * - A record that can't be decoded goes to the dead letters at once: it would never succeed.
 * - A neighbour that does not answer stops the consumer: the event is tried in place, with growing pauses and in plain sight,
 *   for as long as it takes. The next event would fare no better.
 * - A newer version of an event that is needed is parked at once, with its key, until a newer program reads it.
 * - Any other failure is this event's own: after a few tries it is parked with its key, and the others flow.
 *
 * Nothing is skipped silently.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Message } from '@platformatic/kafka'
import type { Logger } from 'pino'
import { eventName, fromRecord, NewerVersionError, UndecodableError } from '../contracts/envelope.ts'
import type { Topic } from '../contracts/topic.ts'
import { backoffMs } from './backoff.ts'
import { ServiceUnavailableError } from './call.ts'
import type { DeadLetters } from './dead-letters.ts'
import { park, parkBehind } from './parked.ts'
import { advance, type Position } from './position.ts'
import { type ReactContext, reactOnce } from './react-once.ts'
import type { Received } from './received.ts'
import { ReplayWantedError } from './replay.ts'
import type { KitTables } from './schema.ts'

/** A failure that passes by itself within a second is not worth parking. */
const triesInPlace = 3

export type BatchCounts = { handled: number; repeated: number; ignored: number; deadLettered: number }
export type StuckEvent = { eventId: string; type: string; subject: string; attempts: number; error: string }

export type BatchOptions<Tables extends KitTables> = ReactContext<Tables> & {
  groupId: string
  topics: readonly Topic[]
  deadLetters: Pick<DeadLetters, 'put'>
  logger: Logger
}

export class BatchProcessor<Tables extends KitTables> {
  readonly counts: BatchCounts = { handled: 0, repeated: 0, ignored: 0, deadLettered: 0 }
  /** The event that blocks its partition now, if any. */
  stuck: StuckEvent | undefined
  readonly #options: BatchOptions<Tables>

  constructor(options: BatchOptions<Tables>) {
    this.#options = options
  }

  /** Rejects when the signal stops it before its end: the batch must then not be committed. */
  async process(batch: readonly Message[], signal: AbortSignal): Promise<void> {
    const { database, now, logger } = this.#options
    const events: Received[] = []
    for (const message of batch) {
      const received = await this.#decode(message)
      if (received !== undefined) events.push(received)
    }
    const read = batch.map(({ topic, partition, offset }) => ({ topic, partition, offset: Number(offset) }))
    const groups = splitBySubject(events)
    let hasAdvanced = false
    for (const group of groups) {
      const free = await parkBehind(database, group, now())
      // The places are noted with the last effects: one transaction less.
      const isLast = group === groups.at(-1) && free.length > 0
      try {
        await this.#react(free, isLast ? read : [])
        hasAdvanced = isLast
      } catch (error) {
        if (error instanceof ReplayWantedError) throw error
        logger.warn({ err: error, events: free.length }, 'a batch failed; going on one by one')
        for (const received of free) await this.#reactOrPark(received, signal)
      }
    }
    if (!hasAdvanced) await advance(database, read)
  }

  /** @returns undefined for what needs no reaction: another's event, or a record that nobody can read */
  async #decode(message: Message): Promise<Received | undefined> {
    const { topics, reactions, groupId, now, logger } = this.#options
    const { topic: name, partition } = message
    const offset = Number(message.offset)
    const topic = topics.find(candidate => candidate.name === name)
    if (topic === undefined) throw new Error(`a record of ${name}, which was not asked for`)
    try {
      const event = fromRecord(topic, message)
      if (event !== undefined && reactions[event.type] !== undefined) return { event, topic: name, partition, offset }
      this.counts.ignored += 1
    } catch (error) {
      if (error instanceof NewerVersionError) {
        const needed = Object.keys(reactions).some(type => eventName(type) === eventName(error.event.type))
        if (needed) return { event: error.event, topic: name, partition, offset }
        this.counts.ignored += 1
        return undefined
      }
      if (!(error instanceof UndecodableError)) throw error
      await this.#options.deadLetters.put(message, { groupId, error, at: now() })
      this.counts.deadLettered += 1
      logger.error({ topic: name, partition, offset, err: error }, 'undecodable: to the dead letters')
    }
    return undefined
  }

  async #reactOrPark(received: Received, signal: AbortSignal): Promise<void> {
    const { database, logger, now } = this.#options
    const { id: eventId, type, subject } = received.event
    let ownFailures = 0
    for (let attempts = 1; ; attempts += 1) {
      try {
        await this.#react([received])
        break
      } catch (caught) {
        const error = caught as Error
        if (error instanceof ReplayWantedError) throw error
        if (!(error instanceof ServiceUnavailableError)) ownFailures += 1
        if (ownFailures === triesInPlace || error instanceof NewerVersionError) {
          await park(database, received, { error, now: now() })
          logger.error({ err: error, eventId, type, subject }, 'a reaction fails: parked with its key')
          break
        }
        this.stuck = { eventId, type, subject, attempts, error: error.message }
        logger.error({ err: error, ...this.stuck }, 'a reaction failed; trying it again')
        await delay(backoffMs(attempts), undefined, { signal })
      }
    }
    this.stuck = undefined
  }

  async #react(batch: readonly Received[], read: readonly Position[] = []): Promise<void> {
    if (batch.length === 0) return
    const { handled, repeated } = await reactOnce(
      this.#options,
      batch.map(({ event }) => event),
      transaction => advance(transaction, read),
    )
    this.counts.handled += handled
    this.counts.repeated += repeated
  }
}

/**
 * Groups whose events are all of different subjects, in the order given: what an event does before its transaction may
 * depend on the committed effect of an earlier event of the same subject.
 */
export function splitBySubject<R extends { event: { subject: string } }>(batch: readonly R[]): R[][] {
  const groups: R[][] = []
  let subjects = new Set<string>()
  for (const received of batch) {
    const { subject } = received.event
    if (groups.length === 0 || subjects.has(subject)) {
      groups.push([])
      subjects = new Set()
    }
    groups.at(-1)!.push(received)
    subjects.add(subject)
  }
  return groups
}
