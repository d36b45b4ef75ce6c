import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Fastify from 'fastify'
import { honourAtLeast } from './at-least.ts'
import { kitTables } from './database.ts'
import { placesOf } from './places.ts'
import { advance, formatPosition, nextOffsetOf, parsePosition } from './position.ts'
import { answerWithProblems } from './problem.ts'
import { type NotesTables, openNotes } from './testing.ts'
import { lookUntil, waitMs } from './wait.ts'

test('a position is text and back', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}$/)
  fc.assert(
    fc.property(name, fc.nat(999), fc.nat(), (topic, partition, offset) =>
      assert.deepEqual(parsePosition(formatPosition({ topic, partition, offset })), { topic, partition, offset }),
    ),
  )
  for (const text of ['', 'orders', 'orders/1', 'orders/1@', 'orders/-1@2', '/1@2']) {
    assert.equal(parsePosition(text), undefined, text)
  }
})

test('a database is as far as its last record of each partition, and a repeated batch does not set it back', async () => {
  const database = await openNotes()
  const next = (partition: number) => nextOffsetOf(kitTables(database), 'orders', partition)
  const at = (partition: number, offset: number) => ({ topic: 'orders', partition, offset })
  assert.equal(await next(0), 0)
  await advance<NotesTables>(database, [at(0, 3), at(1, 7), at(0, 4)])
  assert.deepEqual([await next(0), await next(1)], [5, 8])
  await advance<NotesTables>(database, [at(0, 2)])
  assert.equal(await next(0), 5)
})

test('each record of a batch has the offset that its partition’s part begins with, and one more for each before it', () => {
  const places = placesOf({
    topics: ['a', 'b', 'a', 'a'],
    partitions: [5, 5, 2, 9],
    partitionCounts: new Map([
      ['a', 4],
      ['b', 1],
    ]),
    bases: [
      { topic: 'a', partition: 1, offset: 10n },
      { topic: 'a', partition: 2, offset: 20n },
      { topic: 'b', partition: 0, offset: 30n },
    ],
  })
  assert.deepEqual(places.map(formatPosition), ['a/1@10', 'b/0@30', 'a/2@20', 'a/1@11'])
})

test('a reader that is given a position answers once it has passed it, else says how far it is', async () => {
  const database = await openNotes()
  const app = Fastify()
  answerWithProblems(app)
  honourAtLeast(app, { database: kitTables(database), reads: ['orders'] })
  app.get('/stock', async () => ({ stock: 1 }))
  const ask = (atLeast: string, prefer = '') => app.inject({ url: '/stock', headers: { 'at-least': atLeast, prefer } })
  const late = await ask('orders/2@17')
  assert.deepEqual(
    [late.statusCode, late.json().detail],
    [504, 'This service has read orders/2 up to offset 0, not yet 17.'],
  )
  const waiting = [ask('orders/2@17', 'wait=60'), ask('orders/2@16', 'wait=60')]
  await advance<NotesTables>(database, [{ topic: 'orders', partition: 2, offset: 17 }])
  for (const { statusCode, headers } of await Promise.all(waiting)) {
    assert.deepEqual([statusCode, headers.position], [200, 'orders/2@17'])
  }
  assert.equal((await ask('payments/0@99')).statusCode, 200, 'of a topic that it does not read it knows nothing')
  const wrong = await ask('yesterday')
  assert.deepEqual([wrong.statusCode, wrong.json().errors[0].field], [422, 'headers.at-least'])
})

test('Prefer: wait is seconds, and bounded', () => {
  assert.deepEqual(
    ['wait=5', 'respond-async, wait=2', 'wait = 1', 'wait=999999', 'handling=lenient', ''].map(waitMs),
    [5000, 2000, 1000, 15_000, 0, 0],
  )
})

test('looking ends when it is so, and at the latest when the time is up', async () => {
  let looks = 0
  assert.equal(
    await lookUntil(
      async () => ++looks,
      found => found === 3,
      60_000,
    ),
    3,
  )
  assert.equal(
    await lookUntil(
      async () => 'no',
      found => found === 'yes',
      1,
    ),
    'no',
  )
})
