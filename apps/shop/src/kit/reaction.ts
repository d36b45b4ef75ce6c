/**
 * What a service does about an event. A reaction may first ask the outside world (with the business key as reference, so that
 * asking twice is harmless) and returns what to store. The storing part gets a transaction and nothing else: it can change
 * the service's own database and publish, and there is no producer within its reach.
 */
import type { Kysely } from 'kysely'
import type { Envelope } from '../contracts/envelope.ts'
import type { EventData, Topic } from '../contracts/topic.ts'
import type { KitTables } from './database.ts'
import { setDeadline } from './deadlines.ts'
import { publish } from './outbox.ts'

export type ServiceTransaction<Tables extends KitTables> = {
  database: Kysely<Tables>
  now: Date
  /** About the same subject, caused by the event at hand, in its trace. */
  publish<T extends Topic, Type extends keyof T['events'] & string>(
    topic: T,
    type: Type,
    data: EventData<T, Type>,
  ): Promise<string>
  /** Has the service's handler of this kind called about the same subject, unless `cancelDeadline` comes first. */
  schedule(kind: string, dueAt: Date): Promise<void>
}

export type Apply<Tables extends KitTables> = (transaction: ServiceTransaction<Tables>) => Promise<void>
export type Reaction<Tables extends KitTables> = (event: Envelope) => Apply<Tables> | Promise<Apply<Tables>>
export type Reactions<Tables extends KitTables> = Record<string, Reaction<Tables> | undefined>

/** One entry of a service's reactions, its event's data typed by the topic's contract (and checked before it gets here). */
export function on<Tables extends KitTables, T extends Topic, Type extends keyof T['events'] & string>(
  _topic: T,
  type: Type,
  reaction: (event: Envelope<EventData<T, Type>>) => Apply<Tables> | Promise<Apply<Tables>>,
): Reactions<Tables> {
  return { [type]: reaction as Reaction<Tables> }
}

export function serviceTransaction<Tables extends KitTables>(options: {
  database: Kysely<Tables>
  cause: Pick<Envelope, 'id' | 'subject' | 'traceparent'>
  now: Date
}): ServiceTransaction<Tables> {
  const { database, cause, now } = options
  return {
    database,
    now,
    publish: (topic, type, data) =>
      publish(database, {
        topic,
        type,
        subject: cause.subject,
        data,
        causationId: cause.id,
        traceparent: cause.traceparent,
        now,
      }),
    schedule: (kind, dueAt) =>
      setDeadline(database, { kind, subject: cause.subject, traceparent: cause.traceparent, dueAt }),
  }
}
