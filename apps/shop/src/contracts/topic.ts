/** What a topic promises: its name, its one writer, how long it keeps what it holds, and the shape of every event in it. */
import type { z } from 'zod'

export const serviceNames = ['order', 'payment', 'inventory', 'notification', 'analytics'] as const
export type ServiceName = (typeof serviceNames)[number]

/** How an event of an earlier version reads today. Pure: a replay in ten years must come to the same. */
export type Upcast = {
  /** The event as it was written then. */
  schema: z.ZodType
  /** The next version's type, which may be a former one itself. */
  to: string
  upcast: (data: never) => unknown
}

export type Topic<Events extends Record<string, z.ZodType> = Record<string, z.ZodType>> = {
  name: string
  /** The only service that writes to it. */
  owner: ServiceName
  /** A power of two: every client's partitioner then puts a key in the same partition. */
  partitions: number
  /** -1 keeps for ever: a service that joins later replays from the first order. */
  retentionMs: number
  /** `compact` keeps the latest of each key; the event whose data is null takes the key away. */
  cleanup?: 'delete' | 'compact'
  events: Events
  /** Versions that are still in the log and not written any more. */
  formerly?: Record<string, Upcast>
}

export function topic<Events extends Record<string, z.ZodType>>(definition: Topic<Events>): Topic<Events> {
  return definition
}

/** Types the upcast by its schema. */
export function formerly<Schema extends z.ZodType>(definition: {
  schema: Schema
  to: string
  upcast: (data: z.output<Schema>) => unknown
}): Upcast {
  return definition
}

/** The data of one event type: `EventData<typeof payments, 'shop.payment.charged.v1'>`. */
export type EventData<T extends Topic, Type extends keyof T['events']> = z.output<T['events'][Type]>

export const keepForEver = -1

/** Where a service puts the records it can't decode: original bytes and headers, and why, for 30 days. */
export function deadLetterTopic(owner: ServiceName): Topic {
  return { name: `${owner}.dead`, owner, partitions: 1, retentionMs: 30 * 24 * 3_600_000, events: {} }
}
