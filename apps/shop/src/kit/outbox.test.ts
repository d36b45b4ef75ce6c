import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inventory } from '../contracts/inventory.ts'
import { kitTables } from './database.ts'
import { enterInbox } from './inbox.ts'
import { publish, readUnsent } from './outbox.ts'
import { envelope, type NotesTables, now, openNotes } from './testing.ts'
import { traceIdOf } from './trace.ts'

const released = (orderId: string) => ({
  topic: inventory,
  type: 'shop.stock.released.v1' as const,
  subject: orderId,
  data: { orderId, reservationId: 'r', lines: [{ sku: 'mug', quantity: 1 }] },
  now,
})

test('events of one subject are numbered from one, without gaps', async () => {
  const database = await openNotes()
  for (const orderId of ['a', 'b', 'a'])
    await publish<NotesTables, typeof inventory, 'shop.stock.released.v1'>(database, released(orderId))
  const rows = await database
    .selectFrom('outbox')
    .select(['subject', 'sequence', 'sent_at'])
    .orderBy('position')
    .execute()
  assert.deepEqual(
    rows.map(row => ({ ...row })),
    [
      { subject: 'a', sequence: 1, sent_at: null },
      { subject: 'b', sequence: 1, sent_at: null },
      { subject: 'a', sequence: 2, sent_at: null },
    ],
  )
})

test('a clock that jumps back an hour changes nothing in the order of events', async () => {
  const database = await openNotes()
  const at = (ms: number) => ({ ...released('a'), now: new Date(now.getTime() + ms) })
  const ids: string[] = []
  for (const ms of [0, -3_600_000, 1]) {
    ids.push(await publish<NotesTables, typeof inventory, 'shop.stock.released.v1'>(database, at(ms)))
  }
  const unsent = await readUnsent(kitTables(database), 10)
  assert.deepEqual(
    unsent.map(({ event }) => [event.id, event.sequence]),
    ids.map((id, index) => [id, index + 1]),
  )
})

test('an event that breaks its contract is not stored', async () => {
  const database = await openNotes()
  const broken = { ...released('a'), data: { orderId: 'a', reservationId: 'r', lines: [{ sku: 'mug', quantity: -1 }] } }
  await assert.rejects(publish<NotesTables, typeof inventory, 'shop.stock.released.v1'>(database, broken), /quantity/)
  assert.equal((await database.selectFrom('outbox').selectAll().execute()).length, 0)
})

test('an event keeps the trace of what caused it', async () => {
  const database = await openNotes()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await publish<NotesTables, typeof inventory, 'shop.stock.released.v1'>(database, { ...released('a'), traceparent })
  const row = await database.selectFrom('outbox').select('traceparent').executeTakeFirstOrThrow()
  assert.equal(traceIdOf(row.traceparent), traceIdOf(traceparent))
  assert.notEqual(row.traceparent, traceparent)
})

const event = envelope({ id: 'event-1', type: 'noted', subject: 'a', data: {} })

test('the inbox knows a second delivery, and forgets one whose effect was rolled back', async () => {
  const database = await openNotes()
  const deliver = (fails: boolean) =>
    database.transaction().execute(async transaction => {
      const isFirst = await enterInbox<NotesTables>(transaction, event, now)
      if (fails) throw new Error('the effect failed')
      return isFirst
    })
  await assert.rejects(deliver(true))
  assert.equal(await deliver(false), true)
  assert.equal(await deliver(false), false)
})
