/**
 * What happens to a batch of records: decode, react, store the effects. Three classes of failure, three answers:
 * a record that can't be decoded goes to the dead letters at once; a reaction that fails is tried again in place, with
 * growing pauses and in plain sight, until it succeeds; nothing is skipped silently.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Message } from '@platformatic/kafka'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { type Envelope, fromRecord, UndecodableError } from '../contracts/envelope.ts'
import type { Topic } from '../contracts/topic.ts'
import { backoffMs } from './backoff.ts'
import type { KitTables } from './database.ts'
import type { DeadLetters } from './dead-letters.ts'
import { isFirstDelivery } from './inbox.ts'
import type { Reaction, Reactions } from './reaction.ts'
import { serviceTransaction } from './reaction.ts'

export type BatchCounts = { handled: number; repeated: number; ignored: number; deadLettered: number }
export type StuckEvent = { eventId: string; type: string; subject: string; attempts: number; error: string }

export type BatchOptions<Tables extends KitTables> = {
  groupId: string
  database: Kysely<Tables>
  topics: readonly Topic[]
  reactions: Reactions<Tables>
  deadLetters: Pick<DeadLetters, 'put'>
  logger: Logger
  now: () => Date
  /** After a transaction that may have published. */
  onCommitted: () => void
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
    const events: Envelope[] = []
    for (const message of batch) {
      const event = await this.#decode(message)
      if (event === undefined) continue
      if (this.#options.reactions[event.type] === undefined) this.counts.ignored += 1
      else events.push(event)
    }
    for (const group of splitBySubject(events)) {
      try {
        await this.#react(group)
      } catch (error) {
        this.#options.logger.warn({ err: error, events: group.length }, 'a batch failed; going on one by one')
        for (const event of group) await this.#reactUntilDone(event, signal)
      }
    }
  }

  async #decode(message: Message): Promise<Envelope | undefined> {
    const topic = this.#options.topics.find(candidate => candidate.name === message.topic)
    if (topic === undefined) throw new Error(`a record of ${message.topic}, which was not asked for`)
    try {
      const event = fromRecord(topic, message)
      if (event === undefined) this.counts.ignored += 1
      return event
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error
      const { groupId, now, logger } = this.#options
      await this.#options.deadLetters.put(message, { groupId, error, at: now() })
      this.counts.deadLettered += 1
      const { partition, offset } = message
      logger.error(
        { topic: topic.name, partition, offset: Number(offset), err: error },
        'undecodable: to the dead letters',
      )
      return undefined
    }
  }

  async #reactUntilDone(event: Envelope, signal: AbortSignal): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        await this.#react([event])
        this.stuck = undefined
        return
      } catch (error) {
        const { id, type, subject } = event
        this.stuck = { eventId: id, type, subject, attempts, error: (error as Error).message }
        this.#options.logger.error({ err: error, ...this.stuck }, 'a reaction failed; trying it again')
        await delay(backoffMs(attempts), undefined, { signal })
      }
    }
  }

  /** Calls to the outside first, at the same time, then all effects in one transaction. */
  async #react(events: readonly Envelope[]): Promise<void> {
    const { database, reactions, now } = this.#options
    const effects = await Promise.all(
      events.map(async event => ({ event, apply: await (reactions[event.type] as Reaction<Tables>)(event) })),
    )
    const counts = await database.transaction().execute(async transaction => {
      let handled = 0
      for (const { event, apply } of effects) {
        if (!(await isFirstDelivery(transaction, event.id, now()))) continue
        await apply(serviceTransaction({ database: transaction, cause: event, now: now() }))
        handled += 1
      }
      return { handled, repeated: effects.length - handled }
    })
    this.counts.handled += counts.handled
    this.counts.repeated += counts.repeated
    this.#options.onCommitted()
  }
}

/**
 * Groups whose events are all of different subjects, in the order given: what an event does before its transaction may
 * depend on the committed effect of an earlier event of the same subject.
 */
export function splitBySubject<Event extends { subject: string }>(events: readonly Event[]): Event[][] {
  const groups: Event[][] = []
  let subjects = new Set<string>()
  for (const event of events) {
    if (groups.length === 0 || subjects.has(event.subject)) {
      groups.push([])
      subjects = new Set()
    }
    groups.at(-1)!.push(event)
    subjects.add(event.subject)
  }
  return groups
}
