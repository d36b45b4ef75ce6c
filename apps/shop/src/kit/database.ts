/**
 * A service's own SQLite file, through Kysely on Node's built-in driver. A commit is on the disk when it returns
 * (synchronous=FULL): an answer or a committed offset may depend on it.
 *
 * Pattern: database per service. Nothing but the service itself may open the file.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import { type KitTables, kitMigrations } from './schema.ts'

export type { KitTables }

/**
 * Opens (or creates) the file and brings its schema up to date.
 * @param path a file, or `:memory:`
 * @param migrations SQL scripts in order; one is never changed once it has been released, only followed by another
 */
export function openDatabase<Tables extends KitTables>(path: string, migrations: readonly string[]): Kysely<Tables> {
  const database = openSqlite(path)
  migrate(database, 'kit', kitMigrations)
  migrate(database, 'service', migrations)
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

/**
 * Runs the scripts that this file has not seen, each in a transaction with its mark: a crash between two is harmless.
 * @param part whose scripts they are: the kit's and a service's own are counted apart, so that each can grow
 */
export function migrate(database: DatabaseSync, part: string, migrations: readonly string[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS schema_versions (part TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT')
  const row = database.prepare('SELECT version FROM schema_versions WHERE part = ?').get(part)
  const version = Number(row?.version ?? 0)
  if (version > migrations.length) {
    throw new Error(`The database is of a newer version (${part} ${version}) than this program (${migrations.length}).`)
  }
  const mark = database.prepare(
    'INSERT INTO schema_versions (part, version) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version',
  )
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(script)
      mark.run(part, index + 1)
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
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
