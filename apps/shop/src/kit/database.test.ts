import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDatabase } from './database.ts'
import { openSqlite } from './sqlite.ts'
import { type NotesTables, openNotes } from './testing.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-database-'))
after(() => rm(directory, { recursive: true }))

test('a commit is on the disk when it returns, and readers do not block it', () => {
  const database = openSqlite(join(directory, 'settings.sqlite'), {})
  assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
  assert.deepEqual({ ...database.prepare('PRAGMA synchronous').get() }, { synchronous: 2 })
  assert.deepEqual({ ...database.prepare('PRAGMA foreign_keys').get() }, { foreign_keys: 1 })
  database.close()
})

test('a transaction that throws leaves nothing', async () => {
  const database = await openNotes()
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
  const path = join(directory, 'migrated.sqlite')
  const tables = () => {
    const database = openSqlite(path, {})
    const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    database.close()
    return rows.map(row => row.name)
  }
  openSqlite(path, { one: ['CREATE TABLE a (x)'] }).close()
  openSqlite(path, { one: ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'] }).close()
  assert.throws(() => openSqlite(path, { one: ['', '', 'CREATE TABLE c (x); CREATE TABLE b (x)'] }), /already exists/)
  openSqlite(path, { another: ['CREATE TABLE d (x)'] }).close()
  assert.deepEqual(tables(), ['a', 'b', 'd', 'schema_versions'])
})

test('a file of a newer program is refused, not misread', async () => {
  const place = { file: join(directory, 'newer.sqlite') }
  await (await openDatabase<NotesTables>(place, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])).destroy()
  await assert.rejects(openDatabase<NotesTables>(place, []), /newer version/)
})

test('two processes write to one file in turn', async () => {
  const place = { file: join(directory, 'shared.sqlite') }
  const [first, second] = [await openNotes(place), await openNotes(place)]
  for (const [index, database] of [first, second, first, second].entries()) {
    await database.transaction().execute(async transaction => {
      // A reader first: a transaction that becomes a writer later must not fail because of the other one.
      await transaction.selectFrom('notes').selectAll().execute()
      await transaction
        .insertInto('notes')
        .values({ text: String(index) })
        .execute()
    })
  }
  assert.equal((await first.selectFrom('notes').selectAll().execute()).length, 4)
})
