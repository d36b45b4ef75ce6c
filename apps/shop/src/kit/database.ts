/**
 * A service's own database, through Kysely: a SQLite file (sqlite.ts), or a PostgreSQL schema where DATABASE_URL names a server
 * (postgres.ts). One set of queries and migrations for both. A commit is on the disk when it returns: an answer or a committed
 * offset may depend on it. Transactions that write come one after the other, also among several instances of a service, so
 * the order of the outbox's rows is the order of their commits.
 *
 * Pattern: database per service. Nothing but the service itself may open it.
 */
import { Kysely } from 'kysely'
import { openPostgres } from './postgres.ts'
import { type KitTables, kitMigrations } from './schema.ts'
import { openSqlite, sqliteDialect } from './sqlite.ts'

export type { KitTables }

/** `file`: a path, or `:memory:`. `schema`: a service's own name space in a PostgreSQL database. */
export type DatabasePlace = { file: string } | { url: string; schema: string }

/**
 * Opens (or creates) it and brings its schema up to date.
 * @param migrations SQL scripts in order; one is never changed once it has been released, only followed by another
 */
export async function openDatabase<Tables extends KitTables>(
  place: DatabasePlace,
  migrations: readonly string[],
): Promise<Kysely<Tables>> {
  const parts = { kit: kitMigrations, service: migrations }
  const dialect =
    'file' in place ? sqliteDialect(openSqlite(place.file, parts)) : await openPostgres({ ...place, migrations: parts })
  return new Kysely<Tables>({ dialect })
}

/** The kit's functions take any service's database and use only the kit's tables of it. */
export function kitTables<Tables extends KitTables>(database: Kysely<Tables>): Kysely<KitTables> {
  return database as unknown as Kysely<KitTables>
}
