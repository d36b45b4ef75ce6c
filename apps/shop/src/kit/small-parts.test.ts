import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backoffMs } from './backoff.ts'
import { kitTables } from './database.ts'
import { Lease } from './lease.ts'
import { readSettings } from './settings.ts'
import { now, openNotes } from './testing.ts'
import { nextHop, traceIdOf } from './trace.ts'
import { uuidv7 } from './uuid.ts'

test('pauses grow from a tenth of a second and never beyond two seconds', () => {
  const longest = [1, 2, 3, 4, 5, 6, 50].map(failures => backoffMs(failures, () => 1))
  assert.deepEqual(longest, [100, 200, 400, 800, 1600, 2000, 2000])
  fc.assert(fc.property(fc.nat(1000), n => backoffMs(n + 1) >= 50 && backoffMs(n + 1) <= 2000))
})

test('ids are version 7, and sort by their time', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (a, b) => {
      const [first, second] = [uuidv7(a), uuidv7(b)]
      assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      if (a !== b) assert.equal(first < second, a < b)
    }),
  )
})

test('a trace goes on through its hops, and one that does not parse begins anew', () => {
  const first = nextHop()
  const second = nextHop(first)
  assert.equal(traceIdOf(second), traceIdOf(first))
  assert.notEqual(second, first)
  assert.match(nextHop('nonsense'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('a lease has one holder, for a time; the same holder has it again at once', async () => {
  let clock = now.getTime()
  const database = kitTables(await openNotes())
  const lease = (holder: string) => new Lease({ database, what: 'relay', holder, now: () => new Date(clock) })
  const [first, second] = [lease('first'), lease('second')]
  assert.deepEqual([await first.hold(), await second.hold(), await lease('first').hold()], [true, false, true])
  clock += 4000
  assert.deepEqual([await first.hold(), await second.hold()], [true, false], 'renewed')
  clock += 5001
  assert.equal(await second.hold(), true, 'the first did not renew it')
  assert.equal(await first.hold(), false)
  await second.release()
  assert.equal(await first.hold(), true)
})

test('a wrong setting is named', () => {
  assert.throws(() => readSettings('order', { PORT: 'x' }), /PORT/)
  assert.throws(() => readSettings('order', { KAFKA_BROKERS: 'nowhere' }), /KAFKA_BROKERS.*HOST:PORT/)
  assert.throws(() => readSettings('order', { PAYMENT_URL: 'payment' }), /PAYMENT_URL/)
  assert.deepEqual(readSettings('order', { KAFKA_BROKERS: 'a:1, b:2', SHOP_DATA: 'd' }).brokers, ['a:1', 'b:2'])
})
