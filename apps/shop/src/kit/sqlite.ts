/** SQLite for a service: Node's built-in driver behind Kysely's own dialect. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { SqliteDialect } from 'kysely'

/** Scripts by whose they are: the kit's and a service's own are counted apart, so that each can grow. */
export type Migrations = Record<string, readonly string[]>

/** @param path a file, whose directory is made if it is missing, or `:memory:` */
export function openSqlite(path: string, migrations: Migrations): DatabaseSync {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  // FULL: a commit is on the disk when it returns. The busy time-out lets several instances of a service share the file.
  database.exec(
    'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON',
  )
  for (const [part, scripts] of Object.entries(migrations)) migrate(database, part, scripts)
  return database
}

/** Runs the scripts that this file has not seen, each in a transaction with its mark: a crash between two is harmless. */
function migrate(database: DatabaseSync, part: string, scripts: readonly string[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS schema_versions (part TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT')
  const mark = database.prepare(
    'INSERT INTO schema_versions (part, version) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version',
  )
  const find = database.prepare('SELECT version FROM schema_versions WHERE part = ?')
  for (;;) {
    database.exec('BEGIN IMMEDIATE')
    try {
      const version = Number(find.get(part)?.version ?? 0)
      assertKnown(part, version, scripts)
      const script = scripts[version]
      if (script !== undefined) {
        database.exec(script)
        mark.run(part, version + 1)
      }
      database.exec('COMMIT')
      if (script === undefined) return
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
}

/** @throws Error for a database that a newer program has written */
export function assertKnown(part: string, version: number, scripts: readonly string[]): void {
  if (version <= scripts.length) return
  throw new Error(`The database is of a newer version (${part} ${version}) than this program (${scripts.length}).`)
}

/** Statements differ in the lengths of their lists: more texts than this are not worth keeping. */
const statementsKept = 300

/**
 * Kysely's SQLite dialect speaks to better-sqlite3; these few lines make Node's driver look like it. A statement is prepared once: to
 * prepare one takes longer than to run it.
 */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const statements = new Map<string, ReturnType<typeof prepare>>()
  const prepare = (sql: string) => {
    // A transaction that begins as a reader and then writes is refused when another process wrote meanwhile.
    const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql)
    const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
    return {
      reader: statement.columns().length > 0,
      all: (parameters: readonly unknown[]) => statement.all(...values(parameters)),
      run: (parameters: readonly unknown[]) => statement.run(...values(parameters)),
      iterate: (parameters: readonly unknown[]) => statement.iterate(...values(parameters)),
    }
  }
  return new SqliteDialect({
    database: {
      prepare(sql: string) {
        const known = statements.get(sql)
        if (known !== undefined) return known
        if (statements.size >= statementsKept) statements.clear()
        const prepared = prepare(sql)
        statements.set(sql, prepared)
        return prepared
      },
      close: () => database.close(),
    },
  })
}
