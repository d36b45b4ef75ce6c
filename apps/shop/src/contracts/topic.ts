/** What a topic promises: its name, its one writer, how long it keeps what it holds, and the shape of every event in it. */
import type { z } from 'zod'

export const serviceNames = ['order', 'payment', 'inventory', 'notification', 'analytics'] as const
export type ServiceName = (typeof serviceNames)[number]

export type Topic<Events extends Record<string, z.ZodType> = Record<string, z.ZodType>> = {
  name: string
  /** The only service that writes to it. */
  owner: ServiceName
  /** A power of two: every client's partitioner then puts a key in the same partition. */
  partitions: number
  /** -1 keeps for ever: a service that joins later replays from the first order. */
  retentionMs: number
  events: Events
}

export function topic<Events extends Record<string, z.ZodType>>(definition: Topic<Events>): Topic<Events> {
  return definition
}

/** The data of one event type: `EventData<typeof payments, 'shop.payment.charged.v1'>`. */
export type EventData<T extends Topic, Type extends keyof T['events']> = z.output<T['events'][Type]>

export const keepForEver = -1

/** Where a service puts the records it can't decode: original bytes and headers, and why, for 30 days. */
export function deadLetterTopic(owner: ServiceName): Topic {
  return { name: `${owner}.dead`, owner, partitions: 1, retentionMs: 30 * 24 * 3_600_000, events: {} }
}
