/**
 * How an event looks on the wire: CloudEvents 1.0 in the Kafka binding's binary mode. The record's key is the subject,
 * its value is the data as JSON, everything else is a header. `traceparent` carries no prefix, as tracers expect.
 *
 * It must never guess: what does not decode is an UndecodableError that names the field.
 */
import type { Topic } from './topic.ts'

export type Envelope<Data = unknown> = {
  /** UUIDv7, made before the transaction that stores the event: consumers recognise a repeated delivery by it. */
  id: string
  /** For example `shop.order.created.v1`. A changed meaning gets a new name. */
  type: string
  source: string
  /** The record's key. All events about one order share it, so they keep their order. */
  subject: string
  /** ISO 8601, the writer's clock: for people, never for ordering. */
  time: string
  /** Counts per subject and writer, from 1: a gap means a lost event, a repeat a second delivery. */
  sequence: number
  /** The id of the event that caused this one, empty for the first. */
  causationId: string
  traceparent: string
  data: Data
}

export type EventRecord = { topic: string; key: Buffer; value?: Buffer; headers: Map<Buffer, Buffer> }

/** The record can never be understood, however often it is read: it belongs in the dead-letter topic. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError'
}

/** CloudEvents extensions compare as text: a fixed width keeps text order equal to number order. */
const sequenceWidth = 10

export function toRecord(topic: string, event: Envelope): EventRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_subject: event.subject,
    ce_time: event.time,
    ce_sequence: String(event.sequence).padStart(sequenceWidth, '0'),
    'content-type': 'application/json',
    traceparent: event.traceparent,
  }
  if (event.causationId !== '') headers.ce_causationid = event.causationId
  return {
    topic,
    key: Buffer.from(event.subject),
    // Null takes the key away (a compacted topic's tombstone); the client sends an absent value as null.
    ...(event.data === null ? {} : { value: Buffer.from(JSON.stringify(event.data)) }),
    headers: new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)])),
  }
}

/** A newer version of an event that this program needs: it must wait for a newer program, with all later ones of its key. */
export class NewerVersionError extends Error {
  override readonly name = 'NewerVersionError'
  readonly event: Envelope

  constructor(event: Envelope) {
    super(`${event.type} is newer than this program`)
    this.event = event
  }
}

/**
 * @returns the event as of today's contract: one of an earlier version is brought up to date; or undefined for an event that the
 *   contract does not know: a newer writer's, which readers skip
 * @throws UndecodableError
 * @throws NewerVersionError for a later version of an event that the contract knows
 */
export function fromRecord(
  topic: Topic,
  record: { value?: Buffer | null | undefined; headers: Map<Buffer, Buffer> },
): Envelope | undefined {
  const headers = new Map([...record.headers].map(([name, value]) => [name.toString(), value.toString()]))
  const header = (name: string): string => {
    const value = headers.get(name)
    if (value === undefined || value === '') throw new UndecodableError(`header ${name} is missing`)
    return value
  }
  const type = header('ce_type')
  const envelope = (data: unknown, currentType = type): Envelope => ({
    id: header('ce_id'),
    type: currentType,
    source: header('ce_source'),
    subject: header('ce_subject'),
    time: header('ce_time'),
    sequence: sequenceOf(header('ce_sequence')),
    causationId: headers.get('ce_causationid') ?? '',
    traceparent: headers.get('traceparent') ?? '',
    data,
  })
  const schema = topic.events[type] ?? topic.formerly?.[type]?.schema
  if (schema === undefined) {
    if (isLaterVersion(topic, type)) throw new NewerVersionError(envelope(parseJson(topic, record.value)))
    return undefined
  }
  const result = schema.safeParse(parseJson(topic, record.value))
  if (!result.success) {
    const issue = result.error.issues[0]
    throw new UndecodableError(`${type}: ${issue?.path.join('.') || 'data'}: ${issue?.message}`)
  }
  const current = upToDate(topic, type, result.data)
  return envelope(current.data, current.type)
}

function sequenceOf(text: string): number {
  const sequence = Number(text)
  if (!Number.isSafeInteger(sequence)) throw new UndecodableError('header ce_sequence is not a whole number')
  return sequence
}

/** Version by version, as far as the contract goes. */
function upToDate(topic: Topic, type: string, data: unknown): { type: string; data: unknown } {
  const former = topic.formerly?.[type]
  if (former === undefined) return { type, data }
  return upToDate(topic, former.to, former.upcast(data as never))
}

function isLaterVersion(topic: Topic, type: string): boolean {
  return Object.keys(topic.events).some(
    known => eventName(known) === eventName(type) && versionOf(known) < versionOf(type),
  )
}

/** `shop.order.created` of `shop.order.created.v2` */
export function eventName(type: string): string {
  return type.replace(/\.v\d+$/, '')
}

function versionOf(type: string): number {
  return Number(/\.v(\d+)$/.exec(type)?.[1] ?? 0)
}

/** A tombstone's data is null. */
function parseJson(topic: Topic, value: Buffer | null | undefined): unknown {
  if (value === null || value === undefined) {
    if (topic.cleanup === 'compact') return null
    throw new UndecodableError('the record has no value')
  }
  try {
    return JSON.parse(value.toString())
  } catch (cause) {
    throw new UndecodableError('the value is not JSON', { cause })
  }
}
