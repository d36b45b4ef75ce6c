import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { migrate, openDatabase, openSqlite } from './database.ts'
import { type NotesTables, openNotes } from './testing.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-database-'))
after(() => rm(directory, { recursive: true }))

test('a commit is on the disk when it returns, and readers do not block it', () => {
  const database = openSqlite(join(directory, 'settings.sqlite'))
  assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
  assert.deepEqual({ ...database.prepare('PRAGMA synchronous').get() }, { synchronous: 2 })
  assert.deepEqual({ ...database.prepare('PRAGMA foreign_keys').get() }, { foreign_keys: 1 })
  database.close()
})

test('a transaction that throws leaves nothing', async () => {
  const database = openNotes()
  await assert.rejects(
    database.transaction().execute(async transaction => {
      await transaction.insertInto('notes').values({ text: 'a' }).execute()
      throw new Error('no')
    }),
    /no/,
  )
  assert.deepEqual(await database.selectFrom('notes').selectAll().execute(), [])
})

test('a migration runs once, and one that fails leaves nothing of itself', () => {
  const database = openSqlite(':memory:')
  migrate(database, 'one', ['CREATE TABLE a (x)'])
  migrate(database, 'one', ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])
  assert.throws(() => migrate(database, 'one', ['', '', 'CREATE TABLE c (x); CREATE TABLE b (x)']), /already exists/)
  migrate(database, 'another', ['CREATE TABLE d (x)'])
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  assert.deepEqual(
    tables.map(table => table.name),
    ['a', 'b', 'd', 'schema_versions'],
  )
  database.close()
})

test('a file of a newer program is refused, not misread', async () => {
  const path = join(directory, 'newer.sqlite')
  await openDatabase<NotesTables>(path, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']).destroy()
  const newer = openSqlite(path)
  newer.close()
  assert.throws(() => openDatabase<NotesTables>(path, []), /newer version/)
})
