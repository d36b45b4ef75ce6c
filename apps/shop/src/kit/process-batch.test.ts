import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '@platformatic/kafka'
import { type Envelope, toRecord } from '../contracts/envelope.ts'
import { inventory } from '../contracts/inventory.ts'
import { ServiceUnavailableError } from './call.ts'
import { kitTables } from './database.ts'
import { nextOffsetOf } from './position.ts'
import { BatchProcessor, splitBySubject } from './process-batch.ts'
import { on, type Reactions } from './reaction.ts'
import { beginningsOf, ReplayWantedError, wantReplay } from './replay.ts'
import { envelope, type NotesTables, now, openNotes, silent } from './testing.ts'

const signal = new AbortController().signal

function message(event: Envelope, offset = 0): Message {
  return {
    ...toRecord('inventory', event),
    topic: 'inventory',
    partition: 0,
    offset: BigInt(offset),
  } as unknown as Message
}

function released(orderId: string): Envelope {
  const data = { orderId, reservationId: 'r', lines: [{ sku: 'mug', quantity: 1 }] }
  return envelope({ type: 'shop.stock.released.v1', subject: orderId, data })
}

/** Notes each order id; `before` may fail in its stead. */
async function setUp(before: (orderId: string) => void = () => undefined) {
  const database = await openNotes()
  const dead: { message: Message; error: Error }[] = []
  const reactions: Reactions<NotesTables> = on<NotesTables, typeof inventory, 'shop.stock.released.v1'>(
    inventory,
    'shop.stock.released.v1',
    ({ data }) => {
      before(data.orderId)
      return async ({ database: transaction }) => {
        await transaction.insertInto('notes').values({ text: data.orderId }).execute()
      }
    },
  )
  let commits = 0
  const processor = new BatchProcessor<NotesTables>({
    groupId: 'test',
    database,
    topics: [inventory],
    reactions,
    deadLetters: { put: async (message, { error }) => void dead.push({ message, error }) },
    logger: silent,
    now: () => now,
    onCommitted: () => {
      commits += 1
    },
  })
  const notes = async () => (await database.selectFrom('notes').select('text').execute()).map(row => row.text)
  return { processor, database, dead, notes, commits: () => commits }
}

test('a batch of different subjects is one transaction', async () => {
  const { processor, notes, commits } = await setUp()
  await processor.process(
    ['a', 'b', 'c'].map(id => message(released(id))),
    signal,
  )
  assert.deepEqual(await notes(), ['a', 'b', 'c'])
  assert.equal(commits(), 1)
})

test('an event delivered again has no second effect', async () => {
  const { processor, notes } = await setUp()
  const batch = [message(released('a')), message(released('b'))]
  await processor.process(batch, signal)
  await processor.process(batch, signal)
  assert.deepEqual(await notes(), ['a', 'b'])
  assert.deepEqual(processor.counts, { handled: 2, repeated: 2, ignored: 0, deadLettered: 0 })
})

test('a neighbour that is down stops the batch in place, in plain sight; it goes on in order when the neighbour is back', async () => {
  let failures = 4
  const seen: (string | undefined)[] = []
  const { processor, notes } = await setUp(orderId => {
    if (orderId !== 'b' || failures === 0) return
    failures -= 1
    seen.push(processor.stuck && `${processor.stuck.subject} ${processor.stuck.attempts}`)
    throw new ServiceUnavailableError('bank', 'cannot be reached')
  })
  await processor.process(
    ['a', 'b', 'c'].map(id => message(released(id))),
    signal,
  )
  assert.deepEqual(await notes(), ['a', 'b', 'c'])
  assert.deepEqual(seen, [undefined, undefined, 'b 1', 'b 2'])
  assert.equal(processor.stuck, undefined)
})

test('a failure that passes at once parks nothing', async () => {
  let failures = 2
  const { processor, database, notes } = await setUp(() => {
    failures -= 1
    if (failures >= 0) throw new Error('not yet')
  })
  await processor.process([message(released('a'))], signal)
  assert.deepEqual(await notes(), ['a'])
  assert.deepEqual(await database.selectFrom('parked').selectAll().execute(), [])
})

test('a reaction that keeps failing parks its key: its later events wait behind it, and the other keys flow', async () => {
  const { processor, database, notes } = await setUp(orderId => {
    if (orderId === 'b') throw new Error('no such account')
  })
  const batch = ['a', 'b', 'c', 'b', 'a', 'b'].map((id, offset) => message(released(id), offset))
  await processor.process(batch, signal)
  assert.deepEqual(await notes(), ['a', 'c', 'a'])
  const parked = await database.selectFrom('parked').select(['subject', 'offset', 'attempts', 'error']).execute()
  assert.deepEqual(
    parked.map(row => Object.values(row)),
    [
      ['b', 1, 1, 'no such account'],
      ['b', 3, 0, null],
      ['b', 5, 0, null],
    ],
  )
  await processor.process(batch, signal)
  assert.equal((await database.selectFrom('parked').selectAll().execute()).length, 3, 'a repeat parks nothing twice')
})

test('a stop ends the tries, and the batch counts as not handled', async () => {
  const stopping = new AbortController()
  let tries = 0
  const { processor, notes } = await setUp(() => {
    tries += 1
    if (tries === 2) stopping.abort()
    throw new ServiceUnavailableError('bank', 'cannot be reached')
  })
  await assert.rejects(processor.process([message(released('a'))], stopping.signal), { name: 'AbortError' })
  assert.deepEqual(await notes(), [])
})

test('what can not be decoded goes to the dead letters at once, and the others flow', async () => {
  const { processor, dead, notes } = await setUp()
  const broken = { ...message(released('x'), 7), value: Buffer.from('not json') } as Message
  await processor.process([message(released('a')), broken, message(released('b'))], signal)
  assert.deepEqual(await notes(), ['a', 'b'])
  assert.deepEqual(
    dead.map(letter => [Number(letter.message.offset), letter.error.message]),
    [[7, 'the value is not JSON']],
  )
})

test('when the dead-letter topic does not take a record, the batch is not handled', async () => {
  const { processor } = await setUp()
  const failing = new BatchProcessor<NotesTables>({
    groupId: 'test',
    database: await openNotes(),
    topics: [inventory],
    reactions: {},
    deadLetters: { put: () => Promise.reject(new Error('broker down')) },
    logger: silent,
    now: () => now,
    onCommitted: () => undefined,
  })
  const broken = { ...message(released('x')), value: Buffer.from('not json') } as Message
  await assert.rejects(failing.process([broken], signal), /broker down/)
  assert.equal(processor.counts.deadLettered, 0)
})

test('events of one subject never share a group, and keep their order', () => {
  const events = ['a1', 'b1', 'a2', 'c1', 'a3', 'b2'].map(name => ({ event: { name, subject: name[0]! } }))
  const names = splitBySubject(events).map(group => group.map(({ event }) => event.name))
  assert.deepEqual(names, [
    ['a1', 'b1'],
    ['a2', 'c1'],
    ['a3', 'b2'],
  ])
})

test('a newer version of an event that is needed waits with its key; the events before it have had their effect', async () => {
  const { processor, database, notes, dead } = await setUp()
  const newer = { ...released('a'), type: 'shop.stock.released.v2', data: { anything: 1 } }
  const unneeded = { ...released('c'), type: 'shop.stock.reserved.v9' }
  const events = [released('a'), newer, released('a'), released('b'), unneeded]
  await processor.process(
    events.map((event, offset) => message(event, offset)),
    signal,
  )
  assert.deepEqual(await notes(), ['a', 'b'])
  const parked = await database.selectFrom('parked').select(['type', 'error']).orderBy('position').execute()
  assert.deepEqual(
    parked.map(({ type, error }) => [type, error]),
    [
      ['shop.stock.released.v2', 'shop.stock.released.v2 is newer than this program'],
      ['shop.stock.released.v1', null],
    ],
  )
  assert.equal(dead.length, 0)
})

test('the places of a batch are noted whatever became of its records', async () => {
  const { processor, database } = await setUp(orderId => {
    if (orderId === 'bad') throw new Error('no')
  })
  const next = () => nextOffsetOf(kitTables(database), 'inventory', 0)
  await processor.process([message(released('a'), 4)], signal)
  assert.equal(await next(), 5)
  await processor.process([message(released('bad'), 5)], signal)
  assert.equal(await next(), 6, 'parked')
  await processor.process([{ ...message(released('b'), 6), value: Buffer.from('{') }], signal)
  assert.equal(await next(), 7, 'a dead letter')
})

test('while a replay is wanted no event has an effect', async () => {
  const { processor, database, notes } = await setUp()
  await processor.process([message(released('a'))], signal)
  await wantReplay<NotesTables>(database, { from: beginningsOf([inventory]), readModel: ['notes'] })
  assert.deepEqual(await notes(), [])
  await assert.rejects(processor.process([message(released('b'))], signal), ReplayWantedError)
  assert.deepEqual([await notes(), await nextOffsetOf(kitTables(database), 'inventory', 0)], [[], 0])
})
