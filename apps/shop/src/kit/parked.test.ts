import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Kysely } from 'kysely'
import { toRecord } from '../contracts/envelope.ts'
import { inventory } from '../contracts/inventory.ts'
import { retryAt } from './backoff.ts'
import { kitTables } from './database.ts'
import { DeadLetterTools } from './dead-letter-tools.ts'
import { listDecisions } from './decisions.ts'
import { countParked, listParkedKeys, park, parkBehind } from './parked.ts'
import { ParkedKeys } from './parked-keys.ts'
import { on } from './reaction.ts'
import type { Received } from './received.ts'
import type { KitTables } from './schema.ts'
import { envelope, type NotesTables, now, openNotes, silent, testPlace } from './testing.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-parked-'))
after(() => rm(directory, { recursive: true }))

const type = 'shop.stock.released.v1'
let offset = 0
function received(subject: string, text: string): Received {
  const data = { orderId: subject, reservationId: text, lines: [{ sku: 'mug', quantity: 1 }] }
  offset += 1
  return { event: envelope({ type, subject, data, id: text }), topic: 'inventory', partition: 0, offset }
}

/** Notes the name of each event; the events in `failing` fail in its stead. */
async function setUp(place = testPlace()) {
  const database = await openNotes(place)
  const failing = new Set<string>()
  let clock = now
  const context = {
    database,
    reactions: on<NotesTables, typeof inventory, typeof type>(inventory, type, ({ data }) => {
      if (failing.has(data.reservationId)) throw new Error(`${data.reservationId} fails`)
      return async ({ database: transaction }) => {
        await transaction.insertInto('notes').values({ text: data.reservationId }).execute()
      }
    }),
    now: () => clock,
    onCommitted: () => undefined,
  }
  return {
    database: kitTables(database),
    failing,
    keys: new ParkedKeys<NotesTables>(context, silent),
    letters: new DeadLetterTools<NotesTables>(context, [inventory]),
    notes: async () => (await database.selectFrom('notes').select('text').execute()).map(row => row.text),
    passTime: (ms: number) => {
      clock = new Date(clock.getTime() + ms)
    },
    /** The first of each key has failed, the others came later. */
    async parkAll(...batch: Received[]) {
      for (const one of batch) {
        const [free] = await parkBehind(database, [one], now)
        if (free !== undefined) await park(database, free, { error: new Error('failed'), now })
      }
    },
  }
}

test('a retry drains a key in order, and leaves the other keys alone', async () => {
  const { database, keys, notes, parkAll } = await setUp()
  await parkAll(received('a', 'a1'), received('b', 'b1'), received('a', 'a2'), received('a', 'a3'))
  assert.deepEqual(await keys.retryKey('a'), { done: 3, failed: 0 })
  assert.deepEqual(await notes(), ['a1', 'a2', 'a3'])
  assert.deepEqual(await countParked(database), { keys: 1, events: 1 })
  assert.deepEqual(await parkBehind(database, [received('a', 'a4')], now).then(free => free.length), 1, 'a flows again')
})

test('an event that fails again stops its key, not the others', async () => {
  const { database, keys, notes, failing, parkAll } = await setUp()
  await parkAll(received('a', 'a1'), received('a', 'a2'), received('b', 'b1'), received('a', 'a3'))
  failing.add('a2')
  assert.deepEqual(await keys.retryAll(), { done: 2, failed: 1, error: 'a2 fails' })
  assert.deepEqual(await notes(), ['a1', 'b1'])
  const [key] = await listParkedKeys(database, 10)
  assert.deepEqual([key?.first.event_id, key?.first.attempts, key?.first.error, key?.events], ['a2', 1, 'a2 fails', 2])
})

test('a skipped event has no effect, also when it is delivered again; those behind it go on; the reason is kept', async () => {
  const { database, keys, notes, failing, parkAll } = await setUp()
  const first = received('a', 'a1')
  await parkAll(first, received('a', 'a2'))
  failing.add('a1')
  assert.equal(await keys.skip('unknown', 'why not'), undefined)
  assert.deepEqual(await keys.skip('a1', 'the customer has been called'), { done: 1, failed: 0 })
  assert.deepEqual(await notes(), ['a2'])
  await parkAll(received('a', 'a3'), first)
  assert.deepEqual(await countParked(database), { keys: 1, events: 1 }, 'only a3')
  const [decision] = await listDecisions(database, 10)
  assert.deepEqual(
    { ...decision },
    {
      at: now.toISOString(),
      action: 'skipped',
      kind: 'parked',
      reference: 'a1',
      detail: `${type} of a: the customer has been called`,
    },
  )
})

test('a key is tried again by itself when its time has come, less often each time', async () => {
  const { keys, notes, failing, passTime, parkAll } = await setUp()
  await parkAll(received('a', 'a1'))
  failing.add('a1')
  assert.deepEqual(await keys.retryDue(), { done: 0, failed: 0 })
  passTime(30_000)
  assert.equal((await keys.retryDue()).failed, 1)
  failing.clear()
  passTime(59_000)
  assert.deepEqual(await keys.retryDue(), { done: 0, failed: 0 })
  passTime(1000)
  assert.deepEqual(await keys.retryDue(), { done: 1, failed: 0 })
  assert.deepEqual(await notes(), ['a1'])
  const minutes = [1, 2, 3, 5, 6, 99].map(attempts => (retryAt(attempts, now).getTime() - now.getTime()) / 60_000)
  assert.deepEqual(minutes, [0.5, 1, 2, 8, 15, 15])
})

test('what is parked survives a restart', async () => {
  const path = join(directory, 'parked.sqlite')
  const before = await setUp({ file: path })
  await before.parkAll(received('a', 'a1'), received('a', 'a2'))
  const restarted = await setUp({ file: path })
  assert.deepEqual(await restarted.keys.retryAll(), { done: 2, failed: 0 })
  assert.deepEqual(await restarted.notes(), ['a1', 'a2'])
})

test('two retries at the same moment have each effect once', async () => {
  const { keys, notes, parkAll } = await setUp()
  await parkAll(received('a', 'a1'), received('a', 'a2'))
  const results = await Promise.all([keys.retryKey('a'), keys.retryAll(), keys.retryKey('a')])
  assert.deepEqual(
    results.map(result => result.done),
    [2, 0, 0],
  )
  assert.deepEqual(await notes(), ['a1', 'a2'])
})

async function addDeadLetter(database: Kysely<KitTables>, id: string, one: Received | undefined) {
  const record = one && toRecord('inventory', one.event)
  const headers = [...(record?.headers ?? [])].map(pair => pair.map(bytes => bytes.toString('base64')))
  const at = now.toISOString()
  const values = {
    id,
    topic: 'inventory',
    partition: 0,
    offset: 1,
    key: record?.key ?? null,
    value: record?.value ?? null,
  }
  await database
    .insertInto('dead_letters')
    .values({ ...values, headers: JSON.stringify(headers), error: 'wrong', at, state: 'open' })
    .execute()
}

test('a dead letter that can be read now has its effect, or waits behind what is parked of its key', async () => {
  const { database, letters, notes, parkAll } = await setUp()
  await parkAll(received('a', 'a1'))
  await addDeadLetter(database, 'one', received('b', 'b1'))
  await addDeadLetter(database, 'two', received('a', 'a2'))
  const retry = async (id: string) => letters.retry((await letters.read(id))!)
  assert.deepEqual([await retry('one'), await retry('two')], ['done', 'parked'])
  assert.deepEqual(await notes(), ['b1'])
  assert.deepEqual(await countParked(database), { keys: 1, events: 2 })
  assert.equal(await letters.countOpen(), 0)
})

test('a dead letter that still can not be read stays open until it is closed with a reason', async () => {
  const { database, letters } = await setUp()
  await addDeadLetter(database, 'one', undefined)
  const letter = (await letters.list(10))[0]!
  await assert.rejects(letters.retry(letter), /ce_type is missing/)
  assert.equal(await letters.countOpen(), 1)
  await letters.skip(letter, 'sent by a test')
  assert.equal(await letters.countOpen(), 0)
  const [decision] = await listDecisions(database, 10)
  assert.equal(decision?.detail, 'record at inventory/0@1: sent by a test')
})
