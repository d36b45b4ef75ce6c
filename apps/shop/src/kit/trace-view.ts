/**
 * One subject's trace as this service can tell it: what it published (outbox), what it reacted to (inbox), calls from both ends
 * (spans). Each event's reaction has a span id that is made from the service and the event, so it needs no row of its own.
 */
import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { SpanView } from '../contracts/operations.ts'
import { type KitTables, kitTables } from './database.ts'
import { formatPosition } from './position.ts'
import { spanIdOf } from './trace.ts'

/** In no order: whoever has all services' spans sorts them. */
export async function readSpans<Tables extends KitTables>(
  anyDatabase: Kysely<Tables>,
  { service, subject }: { service: string; subject: string },
): Promise<{ spans: SpanView[]; traceparent?: string }> {
  const database = kitTables(anyDatabase)
  const published = await database
    .selectFrom('outbox')
    .where('subject', '=', subject)
    .select([
      'id',
      'topic',
      'type',
      'time',
      'traceparent',
      'causation_id',
      'parent_id',
      'sent_at',
      'partition',
      'offset',
    ])
    .execute()
  const handled = await database.selectFrom('inbox').selectAll().where('subject', '=', subject).execute()
  const calls = await database.selectFrom('spans').selectAll().where('subject', '=', subject).execute()
  const isHandled = new Set(handled.map(event => event.event_id))
  const traceparent = [...published, ...handled, ...calls].map(row => row.traceparent).find(value => value !== '')
  const spans = [
    ...published.map(
      (event): SpanView => ({
        spanId: spanIdOf(event.traceparent) ?? '',
        parentId: isHandled.has(event.causation_id) ? reactionSpanId(service, event.causation_id) : event.parent_id,
        service,
        kind: 'produce',
        name: event.type,
        at: event.time,
        durationMs: event.sent_at === null ? null : Math.max(0, Date.parse(event.sent_at) - Date.parse(event.time)),
        ...(event.partition === null || event.offset === null
          ? {}
          : { position: formatPosition({ topic: event.topic, partition: event.partition, offset: event.offset }) }),
      }),
    ),
    ...handled.map(
      (event): SpanView => ({
        spanId: reactionSpanId(service, event.event_id),
        parentId: spanIdOf(event.traceparent) ?? null,
        service,
        kind: 'process',
        name: event.type,
        at: event.at,
        durationMs: null,
      }),
    ),
    ...calls.map(
      (span): SpanView => ({
        spanId: spanIdOf(span.traceparent) ?? '',
        parentId: span.parent_id,
        service,
        kind: span.kind,
        name: span.name,
        at: span.at,
        durationMs: span.duration_ms,
      }),
    ),
  ]
  return { spans, ...(traceparent === undefined ? {} : { traceparent }) }
}

function reactionSpanId(service: string, eventId: string): string {
  return createHash('sha256').update(`${service} ${eventId}`).digest('hex').slice(0, 16)
}
