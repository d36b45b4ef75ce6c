/** For the kit's tests: a database in memory, a logger that is silent, and events without ceremony. */
import { after } from 'node:test'
import type { Kysely } from 'kysely'
import pino from 'pino'
import type { Envelope } from '../contracts/envelope.ts'
import { type KitTables, openDatabase } from './database.ts'

export const silent = pino({ level: 'silent' })
export const now = new Date('2026-11-24T12:00:00.000Z')

export type NotesTables = KitTables & { notes: { position?: number; text: string } }

export function openNotes(path = ':memory:'): Kysely<NotesTables> {
  const database = openDatabase<NotesTables>(path, [
    'CREATE TABLE notes (position INTEGER PRIMARY KEY, text TEXT NOT NULL)',
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
