/**
 * A service's own SQLite file, through Kysely on Node's built-in driver. A commit is on the disk when it returns
 * (synchronous=FULL): an answer or a committed offset may depend on it.
 *
 * Pattern: database per service. Nothing but the service itself may open the file.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { type Generated, Kysely, SqliteDialect } from 'kysely'

/** The tables that every service has, for the parts of the kit. */
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
    data: string
    sent_at: string | null
  }
  inbox: { event_id: string; at: string }
  idempotency_keys: {
    key: string
    fingerprint: string
    resource_id: string
    state: 'in-flight' | 'answered' | 'failed'
    status_code: number | null
    answer: string | null
    at: string
  }
}

const kitSchema = `
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
    data TEXT NOT NULL,
    sent_at TEXT,
    UNIQUE (subject, sequence)
  ) STRICT;
  CREATE INDEX outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
  CREATE TABLE inbox (event_id TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in-flight', 'answered', 'failed')),
    status_code INTEGER,
    answer TEXT,
    at TEXT NOT NULL
  ) STRICT;
`

/**
 * Opens (or creates) the file and brings its schema up to date.
 * @param path a file, or `:memory:`
 * @param migrations SQL scripts in order; one is never changed once it has been released, only followed by another
 */
export function openDatabase<Tables extends KitTables>(path: string, migrations: readonly string[]): Kysely<Tables> {
  const database = openSqlite(path)
  migrate(database, [kitSchema, ...migrations])
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: kyselyDatabase(database) }) })
}

/** @param path a file, whose directory is made if it is missing, or `:memory:` */
export function openSqlite(path: string): DatabaseSync {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000',
  )
  return database
}

/** Runs the scripts that this file has not seen, each in a transaction with its mark: a crash between two is harmless. */
export function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (row.user_version > migrations.length) {
    throw new Error(
      `The database is of a newer version (${row.user_version}) than this program (${migrations.length}).`,
    )
  }
  for (const [index, script] of migrations.entries()) {
    if (index < row.user_version) continue
    database.exec(`BEGIN IMMEDIATE; ${script}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

/** The kit's functions take any service's database and use only the kit's tables of it. */
export function kitTables<Tables extends KitTables>(database: Kysely<Tables>): Kysely<KitTables> {
  return database as unknown as Kysely<KitTables>
}

/** Kysely's SQLite dialect speaks to better-sqlite3; these few lines make Node's driver look like it. */
function kyselyDatabase(database: DatabaseSync) {
  return {
    prepare(sql: string) {
      const statement = database.prepare(sql)
      const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...values(parameters)),
        run: (parameters: readonly unknown[]) => statement.run(...values(parameters)),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...values(parameters)),
      }
    },
    close: () => database.close(),
  }
}
