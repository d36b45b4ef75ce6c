import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Consumer } from '@platformatic/kafka'
import { type Ottla, startOttla } from 'ottla'
import { inventory } from '../contracts/inventory.ts'
import { kitTables } from './database.ts'
import { Lease } from './lease.ts'
import { placeOf, publish, readBacklog } from './outbox.ts'
import type { Position } from './position.ts'
import { Relay } from './relay.ts'
import { type NotesTables, now, openNotes, silent } from './testing.ts'

const cleanUps: (() => Promise<unknown>)[] = []
after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

const startBroker = async (options: Parameters<typeof startOttla>[0] = {}): Promise<Ottla> => {
  const broker = await startOttla({ topics: { inventory: { partitions: 4 } }, ...options })
  cleanUps.push(() => broker.stop())
  return broker
}

function makeRelay(
  database: Awaited<ReturnType<typeof openNotes>>,
  brokers: string[],
  holder: string = crypto.randomUUID(),
): Relay {
  const client = { brokers, clientId: 'inventory' }
  return new Relay({
    database: kitTables(database),
    client,
    logger: silent,
    lease: new Lease({ database: kitTables(database), what: 'relay', holder, now: () => new Date() }),
  })
}

const write = (database: Awaited<ReturnType<typeof openNotes>>, orderId: string) =>
  publish<NotesTables, typeof inventory, 'shop.stock.released.v1'>(database, {
    topic: inventory,
    type: 'shop.stock.released.v1',
    subject: orderId,
    data: { orderId, reservationId: 'r', lines: [{ sku: 'mug', quantity: 1 }] },
    now,
  })

type Read = { key: string; sequence: number; id: string; position: Position }

/** @returns the first `count` records of the topic */
async function readLog(broker: Ottla, count: number): Promise<Read[]> {
  const consumer = new Consumer({ clientId: 'reader', groupId: crypto.randomUUID(), bootstrapBrokers: broker.brokers })
  const stream = await consumer.consume({ topics: ['inventory'], mode: 'earliest', autocommit: false })
  const found: Read[] = []
  for await (const message of stream) {
    const headers = Object.fromEntries([...message.headers].map(pair => pair.map(String)))
    const { topic, partition, offset } = message
    const position = { topic, partition, offset: Number(offset) }
    found.push({ key: String(message.key), sequence: Number(headers.ce_sequence), id: String(headers.ce_id), position })
    if (found.length === count) break
  }
  await consumer.close(true)
  return found
}

test('rows reach the log in the order of their subject, and are marked once it has them', async () => {
  const broker = await startBroker()
  const database = await openNotes()
  const subjects = Array.from({ length: 60 }, (_, index) => `order-${index % 7}`)
  let last = ''
  for (const subject of subjects) last = await write(database, subject)
  const relay = makeRelay(database, broker.brokers)
  relay.start()
  assert.ok(await relay.whenPublished(last, 10_000))
  assert.equal((await readBacklog(kitTables(database), now)).pending, 0)
  const log = await readLog(broker, subjects.length)
  for (const { id, position } of log) assert.deepEqual(await placeOf(kitTables(database), id), position)
  for (const subject of new Set(subjects)) {
    const sequences = log.filter(record => record.key === subject).map(record => record.sequence)
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => index + 1),
    )
  }
  await relay.stop()
})

test('a broker that is away is waited for, and nothing is given up', async () => {
  const first = await startBroker()
  const { port } = first
  await first.stop()
  const database = await openNotes()
  const eventId = await write(database, 'order-1')
  const relay = makeRelay(database, [`127.0.0.1:${port}`])
  relay.start()
  assert.equal(await relay.whenPublished(eventId, 300), undefined)
  const { connected, pending } = await relay.status(now)
  assert.deepEqual({ connected, pending }, { connected: false, pending: 1 })
  await startBroker({ listen: `127.0.0.1:${port}` })
  assert.ok(await relay.whenPublished(eventId, 15_000))
  assert.equal((await relay.status(now)).connected, true)
  await relay.stop()
})

test('a relay killed between send and mark sends again: twice on the log, with the same id for the inbox to know', async () => {
  const broker = await startBroker()
  const database = await openNotes()
  const eventId = await write(database, 'order-1')
  for (let run = 0; run < 2; run += 1) {
    const relay = makeRelay(database, broker.brokers)
    relay.start()
    assert.ok(await relay.whenPublished(eventId, 10_000))
    await relay.stop()
    await kitTables(database).updateTable('outbox').set({ sent_at: null, partition: null, offset: null }).execute()
  }
  assert.deepEqual(
    (await readLog(broker, 2)).map(record => record.id),
    [eventId, eventId],
  )
})

test('of two relays one works; the other takes over when it stops', async () => {
  const broker = await startBroker()
  const database = await openNotes()
  const [first, second] = [makeRelay(database, broker.brokers), makeRelay(database, broker.brokers)]
  first.start()
  second.start()
  const ids: string[] = []
  for (let index = 0; index < 20; index += 1) ids.push(await write(database, 'order-1'))
  assert.ok(await first.whenPublished(ids.at(-1)!, 10_000))
  await first.stop()
  const late = await write(database, 'order-1')
  assert.ok(await second.whenPublished(late, 10_000))
  await second.stop()
  assert.deepEqual(
    (await readLog(broker, 21)).map(record => record.id),
    [...ids, late],
    'each once',
  )
})
