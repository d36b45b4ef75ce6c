/** For the kit's tests: a database in memory, a logger that is silent, and events without ceremony. */
import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import type { Kysely } from 'kysely'
import pino from 'pino'
import type { Envelope } from '../contracts/envelope.ts'
import { type DatabasePlace, type KitTables, openDatabase } from './database.ts'

export const silent = pino({ level: 'silent' })
export const now = new Date('2026-11-24T12:00:00.000Z')

export type NotesTables = KitTables & { notes: { position?: number; text: string } }

/** In memory; or, where TEST_DATABASE_URL names a PostgreSQL server, in a schema of its own there. */
export function testPlace(): DatabasePlace {
  const url = process.env.TEST_DATABASE_URL
  return url === undefined ? { file: ':memory:' } : { url, schema: `test_${randomUUID().replaceAll('-', '')}` }
}

export async function openNotes(place = testPlace()): Promise<Kysely<NotesTables>> {
  const database = await openDatabase<NotesTables>(place, [
    'CREATE TABLE notes (position INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;',
  ])
  after(() => database.destroy())
  return database
}

export function envelope(event: { type: string; subject: string; data: unknown; id?: string }): Envelope {
  return {
    id: event.id ?? crypto.randomUUID(),
    source: '/test',
    time: now.toISOString(),
    sequence: 1,
    causationId: '',
    traceparent: '',
    ...event,
  }
}
