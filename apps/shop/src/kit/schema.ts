/** The tables that every service has, for the parts of the kit. A released script is never changed, only followed by another. */
import type { Generated } from 'kysely'

export type KitTables = {
  outbox: {
    position: Generated<number>
    id: string
    topic: string
    type: string
    subject: string
    sequence: number
    time: string
    causation_id: string
    traceparent: string
    parent_id: string | null
    data: string
    sent_at: string | null
    /** Where in the log it is, once it is there. */
    partition: number | null
    offset: number | null
  }
  /** Beside the id, what a person wants to know who follows one order. */
  inbox: { event_id: string; subject: string; type: string; traceparent: string; at: string }
  /** Up to which offset (exclusive) this database holds the effects of a partition. */
  positions: { topic: string; partition: number; next_offset: number }
  deadlines: {
    kind: string
    subject: string
    due_at: string
    traceparent: string
    /** Failed tries; each puts `due_at` off. */
    attempts: number
    error: string | null
  }
  spans: {
    position: Generated<number>
    subject: string
    traceparent: string
    parent_id: string | null
    kind: 'call' | 'serve'
    name: string
    at: string
    duration_ms: number
  }
  leases: { what: string; holder: string; until: string }
  /** One row per kind of work that a crash must not cut in half, while it is under way. */
  unfinished: { what: string; detail: string }
  idempotency_keys: {
    key: string
    fingerprint: string
    resource_id: string
    state: 'in-flight' | 'answered' | 'failed'
    status_code: number | null
    answer: string | null
    /** The instance that works on it. */
    owner: string
    at: string
  }
  parked: {
    position: Generated<number>
    event_id: string
    subject: string
    type: string
    /** Where in the log it was read. */
    topic: string
    partition: number
    offset: number
    event: string
    /** 0 for one that only waits behind an earlier one of its key. */
    attempts: number
    error: string | null
    parked_at: string
    /** When it is tried again by itself; null while it waits behind another. */
    retry_at: string | null
  }
  dead_letters: {
    id: string
    topic: string
    partition: number
    offset: number
    key: Uint8Array | null
    value: Uint8Array | null
    headers: string
    error: string
    at: string
    state: 'open' | 'closed'
  }
  decisions: {
    position: Generated<number>
    at: string
    action: 'retried' | 'skipped'
    kind: 'parked' | 'dead-letter'
    /** The event's or the dead letter's id. */
    reference: string
    detail: string
  }
}

export const kitMigrations: readonly string[] = [
  `
  CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time TEXT NOT NULL,
    causation_id TEXT NOT NULL,
    traceparent TEXT NOT NULL,
    parent_id TEXT,
    data TEXT NOT NULL,
    sent_at TEXT,
    partition INTEGER,
    "offset" INTEGER,
    UNIQUE (subject, sequence)
  ) STRICT;
  CREATE INDEX outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
  CREATE TABLE inbox (
    event_id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    type TEXT NOT NULL,
    traceparent TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX inbox_by_subject ON inbox (subject);
  CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in-flight', 'answered', 'failed')),
    status_code INTEGER,
    answer TEXT,
    owner TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE parked (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    type TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    error TEXT,
    parked_at TEXT NOT NULL,
    retry_at TEXT
  ) STRICT;
  CREATE INDEX parked_by_subject ON parked (subject, position);
  CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    key BLOB,
    value BLOB,
    headers TEXT NOT NULL,
    error TEXT NOT NULL,
    at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed'))
  ) STRICT;
  CREATE INDEX dead_letters_open ON dead_letters (at) WHERE state = 'open';
  CREATE TABLE decisions (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('retried', 'skipped')),
    kind TEXT NOT NULL CHECK (kind IN ('parked', 'dead-letter')),
    reference TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE TABLE positions (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE deadlines (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at TEXT NOT NULL,
    traceparent TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (kind, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deadlines_by_due ON deadlines (due_at);
  CREATE TABLE spans (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    traceparent TEXT NOT NULL,
    parent_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('call', 'serve')),
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    duration_ms REAL NOT NULL
  ) STRICT;
  CREATE INDEX spans_by_subject ON spans (subject);
  CREATE TABLE leases (what TEXT PRIMARY KEY, holder TEXT NOT NULL, until TEXT NOT NULL) STRICT;
  CREATE TABLE unfinished (what TEXT PRIMARY KEY, detail TEXT NOT NULL) STRICT;
  `,
]
