import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Kysely } from 'kysely'
import { inventory } from '../contracts/inventory.ts'
import { kitTables } from './database.ts'
import { DeadlineLoop } from './deadline-loop.ts'
import { cancelDeadline, readDeadlines, setDeadline } from './deadlines.ts'
import { type NotesTables, now, openNotes, silent } from './testing.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-deadlines-'))
after(() => rm(directory, { recursive: true }))

const later = (ms: number) => new Date(now.getTime() + ms)
const watch = (database: Kysely<NotesTables>, subject: string, dueAt = later(1000)) =>
  setDeadline<NotesTables>(database, { kind: 'note', subject, traceparent: '', dueAt })
const notes = async (database: Kysely<NotesTables>) =>
  (await database.selectFrom('notes').select('text').orderBy('position').execute()).map(row => row.text)

/** Notes each subject; those in `failing` fail in its stead. */
function setUp(database: Kysely<NotesTables>) {
  const state = { now, failing: new Set<string>(), beforeEffect: async () => undefined as unknown }
  const loop = new DeadlineLoop<NotesTables>({
    database,
    now: () => state.now,
    logger: silent,
    onCommitted: () => undefined,
    handlers: {
      note: async ({ subject }) => {
        if (state.failing.has(subject)) throw new Error('the neighbour is away')
        await state.beforeEffect()
        return async ({ database, publish }) => {
          await database.insertInto('notes').values({ text: subject }).execute()
          const data = { orderId: subject, reservationId: 'r', lines: [] }
          await publish(inventory, 'shop.stock.released.v1', data)
        }
      },
    },
  })
  return { state, loop }
}

test('a deadline fires when it is due, once, and what it publishes is of its subject', async () => {
  const database = await openNotes()
  const { state, loop } = setUp(database)
  await watch(database, 'a')
  assert.equal(await loop.fireDue(), 0)
  state.now = later(1000)
  assert.equal(await loop.fireDue(), 1)
  assert.equal(await loop.fireDue(), 0)
  assert.deepEqual(await notes(database), ['a'])
  const events = await database.selectFrom('outbox').select(['subject', 'causation_id']).execute()
  assert.deepEqual(
    events.map(event => [event.subject, event.causation_id]),
    [['a', 'note/a']],
  )
})

test('one that is cancelled does not fire, and one that is set again moves', async () => {
  const database = await openNotes()
  const { state, loop } = setUp(database)
  await watch(database, 'a')
  await watch(database, 'b')
  await watch(database, 'b', later(2000))
  await cancelDeadline<NotesTables>(database, { kind: 'note', subject: 'a' })
  state.now = later(1000)
  assert.equal(await loop.fireDue(), 0)
  state.now = later(2000)
  assert.equal(await loop.fireDue(), 1)
  assert.deepEqual(await notes(database), ['b'])
})

test('one that passed while nobody ran fires after the restart', async () => {
  const place = { file: join(directory, 'restart.sqlite') }
  await watch(await openNotes(place), 'a')
  const { state, loop } = setUp(await openNotes(place))
  state.now = later(60_000)
  assert.equal(await loop.fireDue(), 1)
})

test('a handler that fails is tried again, until it succeeds; the others fire meanwhile', async () => {
  const database = await openNotes()
  const { state, loop } = setUp(database)
  state.failing.add('a')
  await watch(database, 'a')
  await watch(database, 'b', later(1001))
  state.now = later(1001)
  assert.equal(await loop.fireDue(), 1)
  const status = await readDeadlines(kitTables(database))
  assert.deepEqual(status, { waiting: 0, overdue: 1, lastError: 'the neighbour is away' })
  assert.equal(await loop.fireDue(), 0, 'put off')
  state.failing.clear()
  state.now = later(5000)
  assert.equal(await loop.fireDue(), 1)
  assert.deepEqual(await notes(database), ['b', 'a'])
})

test('of two instances that see the same deadline one has its effect', async () => {
  const database = await openNotes()
  const [first, second] = [setUp(database), setUp(database)]
  await watch(database, 'a')
  for (const { state } of [first, second]) state.now = later(1000)
  // The second is done between the first one's look and its transaction.
  first.state.beforeEffect = async () => assert.equal(await second.loop.fireDue(), 1)
  assert.equal(await first.loop.fireDue(), 0)
  assert.deepEqual(await notes(database), ['a'])
})
