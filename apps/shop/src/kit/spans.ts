/**
 * What one order's trace needs beside the outbox and the inbox, which already say who published and who reacted: calls, from
 * both ends. Kept in the service's own database, so that a trace can be told without a tracing system; `traceparent` goes
 * through every hop for those who have one.
 */
import type { Kysely } from 'kysely'
import { type KitTables, kitTables } from './database.ts'
import { nextHop, spanIdOf } from './trace.ts'

export type Span = {
  subject: string
  /** This span's own. */
  traceparent: string
  parentId: string | undefined
  kind: 'call' | 'serve'
  name: string
  at: Date
  durationMs: number
}

export async function recordSpan<Tables extends KitTables>(database: Kysely<Tables>, span: Span): Promise<void> {
  await kitTables(database)
    .insertInto('spans')
    .values({
      subject: span.subject,
      traceparent: span.traceparent,
      parent_id: span.parentId ?? null,
      kind: span.kind,
      name: span.name,
      at: span.at.toISOString(),
      duration_ms: Math.round(span.durationMs * 10) / 10,
    })
    .execute()
}

/** The serving end of a call: continues the caller's trace. */
export function serve(request: { headers: Record<string, unknown> }, subject: string) {
  const given = request.headers.traceparent
  const parent = typeof given === 'string' ? given : undefined
  const traceparent = nextHop(parent)
  const at = new Date()
  const start = performance.now()
  return {
    traceparent,
    end: <Tables extends KitTables>(database: Kysely<Tables>, name: string): Promise<void> =>
      recordSpan(database, {
        subject,
        traceparent,
        parentId: spanIdOf(parent ?? ''),
        kind: 'serve',
        name,
        at,
        durationMs: performance.now() - start,
      }),
  }
}
