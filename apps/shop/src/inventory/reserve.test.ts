import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { now, testPlace } from '../kit/testing.ts'
import { type InventoryTables, openInventoryDatabase, stockShelves } from './database.ts'
import { readStock } from './http.ts'
import { release, reserve } from './reserve.ts'

let database: Kysely<InventoryTables>
beforeEach(async () => {
  await database?.destroy()
  database = await openInventoryDatabase(testPlace())
  await stockShelves(database)
})
after(() => database.destroy())

const hold = (orderId: string, quantity: number, { sku = 'print', attempt = 1 } = {}) =>
  database.transaction().execute(tx => reserve(tx, { orderId, attempt, lines: [{ sku, quantity }] }, now))
const putBack = (orderId: string, attempt = 1) =>
  database.transaction().execute(tx => release(tx, { orderId, attempt }, now))
const prints = async () => (await readStock(database)).find(row => row.sku === 'print')

test('the last item goes to one of fifty buyers at once', async () => {
  await hold('first', 2)
  const results = await Promise.all(Array.from({ length: 50 }, (_, buyer) => hold(`buyer-${buyer}`, 1)))
  assert.equal(results.filter(result => result.outcome === 'reserved').length, 1)
  const { available, reserved } = (await prints())!
  assert.deepEqual({ available, reserved }, { available: 0, reserved: 3 })
})

test('an order holds its stock once, however often it is asked', async () => {
  const first = await hold('a', 2)
  assert.deepEqual(await hold('a', 2), first)
  assert.equal((await prints())?.available, 1)
})

test('all lines or none: what is missing is named, and nothing is held', async () => {
  const lines = [
    { sku: 'mug', quantity: 1 },
    { sku: 'print', quantity: 2 },
    { sku: 'print', quantity: 2 },
  ]
  const result = await reserve(database, { orderId: 'a', attempt: 1, lines }, now)
  assert.deepEqual(result, { outcome: 'rejected', missing: [{ sku: 'print', requested: 4, available: 3 }] })
  for (const row of await readStock(database)) assert.equal(row.available, row.initial)
})

test('a release puts back once, and a replay does not take it out again; a new attempt does', async () => {
  await hold('a', 2)
  assert.equal((await putBack('a'))?.lines[0]?.quantity, 2)
  assert.equal(await putBack('a'), undefined)
  await hold('a', 2)
  assert.equal((await prints())?.available, 3)
  await hold('a', 2, { attempt: 2 })
  assert.equal((await prints())?.available, 1)
})

test('what is released before it is reserved is not held afterwards; a further attempt is', async () => {
  assert.equal(await putBack('late'), undefined)
  await hold('late', 2)
  assert.equal((await prints())?.available, 3)
  await hold('late', 2, { attempt: 2 })
  assert.equal((await prints())?.available, 1)
})

test('whatever is asked in whatever order: the shelf and the reservations add up, and nothing goes below zero', async () => {
  const step = fc.record({
    kind: fc.constantFrom('hold', 'release'),
    order: fc.nat(5),
    quantity: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
      for (const { kind, order, quantity } of steps) {
        if (kind === 'hold') await hold(`o${order}`, quantity)
        else await putBack(`o${order}`)
        const { initial, available, reserved } = (await prints())!
        assert.equal(initial, available + reserved)
        assert.ok(available >= 0)
      }
    }),
    { numRuns: 30 },
  )
})
